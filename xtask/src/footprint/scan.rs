//! One look at a port's sockets: the agent's, and the two ways a script would do it.

use super::drain::milliseconds;
use super::subject::{Subject, now};
use super::table::Row;
use crate::shell::output;
use std::process::Command;
use std::time::Duration;

pub(super) const HEAD: &[&str] =
    &["connections", "lameduck", "`ss -Htin sport = :PORT`", "reading `/proc/net/tcp`"];

const ROUNDS: u32 = 5;

pub(super) struct Scan {
    agent: Duration,
    ss: Duration,
    proc_net: Duration,
}

impl Scan {
    pub(super) fn measure(agent: &Subject, port: u16) -> Result<Self, String> {
        let agent = agent.mean_dump()?;
        let ss = mean(|| {
            let filter = format!("sport = :{port}");
            output(Command::new("ss").args(["-Htin", &filter])).map(|text| text.lines().count())
        })?;
        let proc_net = mean(|| {
            let path = "/proc/net/tcp";
            let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
            Ok(established(&text, port))
        })?;
        Ok(Self { agent, ss, proc_net })
    }

    pub(super) fn row(&self, size: usize) -> Row {
        let times = [self.agent, self.ss, self.proc_net].map(milliseconds);
        Row::plain([vec![size.to_string()], times.to_vec()].concat())
    }
}

fn mean(mut look: impl FnMut() -> Result<usize, String>) -> Result<Duration, String> {
    let began = now();
    for _ in 0..ROUNDS {
        std::hint::black_box(look()?);
    }
    Ok(began.elapsed() / ROUNDS)
}

/// Lines of established connections from `port`: `sl local_address rem_address st …`, in hex.
fn established(text: &str, port: u16) -> usize {
    let ending = format!(":{port:04X}");
    let matches = |line: &&str| {
        let mut words = line.split_whitespace().skip(1);
        words.next().is_some_and(|local| local.ends_with(&ending)) && words.nth(1) == Some("01")
    };
    text.lines().filter(matches).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn established_connections_of_the_port_are_counted_and_no_others() {
        let text = "  sl  local_address rem_address   st\n\
                    0: 0100007F:1F90 00000000:0000 0A 0\n\
                    1: 0100007F:1F90 0100007F:C001 01 0\n\
                    2: 0100007F:C001 0100007F:1F90 01 0\n";
        assert_eq!(established(text, 8080), 1);
    }
}
