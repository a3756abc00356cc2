//! What a person sees while it runs: a block that is redrawn on a terminal, else a line a second.

use super::load::{Span, Track};
use super::stage::INSTANCES;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Progress<'a> {
    tracks: &'a [Arc<Track>],
    /// Stdout belongs to the JSON.
    to_stderr: bool,
    redraw: bool,
    drawn: bool,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(json: bool, tracks: &'a [Arc<Track>]) -> Self {
        let redraw =
            if json { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
        Self { tracks, to_stderr: json, redraw, drawn: false }
    }

    pub(crate) fn show(&mut self) {
        let text = if self.redraw { self.block() } else { self.line() };
        self.drawn = true;
        // Nobody may be reading any more; the measurement goes on.
        if self.to_stderr {
            write!(std::io::stderr(), "{text}").ok();
        } else {
            let mut stdout = std::io::stdout();
            write!(stdout, "{text}").and_then(|()| stdout.flush()).ok();
        }
    }

    /// Lines of less than 80 columns: a wrapped one would spoil the way back up.
    fn block(&self) -> String {
        let mut text = String::new();
        if self.drawn {
            text += &format!("\x1b[{}A", self.tracks.len());
        }
        for track in self.tracks {
            let counts = track.counts();
            let (title, step) = (track.strategy.title(), step(&track.stops(), track.elapsed()));
            let (requests, failed) = (counts.requests, counts.failed());
            text += &format!(
                "\x1b[2K  {title:<17} {step:<22} {requests:>6} requests {failed:>5} failed\n"
            );
        }
        text
    }

    fn line(&self) -> String {
        let seconds = self.tracks.first().map_or(0, |track| track.elapsed().as_secs());
        let states = self.tracks.iter().map(|track| {
            let failed = track.counts().failed();
            format!("{}: {}, {failed} failed", track.strategy.title(), short(&track.stops()))
        });
        format!("{seconds:>4} s  {}\n", Vec::from_iter(states).join(" | "))
    }
}

fn step(stops: &[Span], now: Duration) -> String {
    match stops.last() {
        None => "under load".to_owned(),
        Some(Span { began, ended: None }) => {
            let since = now.saturating_sub(*began).as_secs();
            format!("stopping {} of {INSTANCES}, {since} s", stops.len())
        }
        Some(_) if stops.len() < INSTANCES => "starting the next".to_owned(),
        Some(_) => "updated".to_owned(),
    }
}

fn short(stops: &[Span]) -> String {
    match stops.last() {
        None => "load".to_owned(),
        Some(Span { ended: Some(_), .. }) if stops.len() == INSTANCES => "updated".to_owned(),
        Some(_) => format!("{}/{INSTANCES}", stops.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_words() {
        let second = Duration::from_secs;
        let open = Span { began: second(4), ended: None };
        let closed = Span { began: second(4), ended: Some(second(9)) };
        assert_eq!(step(&[], second(1)), "under load");
        assert_eq!(step(&[open], second(7)), "stopping 1 of 2, 3 s");
        assert_eq!(step(&[closed], second(10)), "starting the next");
        assert_eq!(step(&[closed, open], second(7)), "stopping 2 of 2, 3 s");
        assert_eq!(step(&[closed, closed], second(10)), "updated");
        assert_eq!(short(&[]), "load");
        assert_eq!(short(&[closed]), "1/2");
        assert_eq!(short(&[closed, closed]), "updated");
    }
}
