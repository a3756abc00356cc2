//! Every note of the core as one log line and its metrics.
//!
//! Levels say who should read a line: WARN somebody should look at it tomorrow, INFO a person
//! asks what happened, DEBUG a repetition of what was said once in this drain.

use super::metrics::{Metrics, Part};
use super::summary::{peers, rounded, seconds, summary_text};
use super::termination;
use crate::drain::{FIXED_SLEEP, Note, Outcome, Summary};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::{debug, info, warn};

#[cfg(test)]
mod tests;

/// The target of every line but the summary.
const AGENT: &str = "lameduck";
/// The target of the summary line, and of nothing else.
const DRAIN: &str = "drain";

/// Writes down what the core decided; shared by whoever performs its effects.
#[derive(Debug)]
pub struct Journal {
    metrics: Arc<Metrics>,
    termination_log: Option<PathBuf>,
    census_failure_told: Once,
    stranger_held_told: Once,
    stranger_refused_told: Once,
    /// The step that was given up last; the wish for `serving` is tried for ever.
    given_up_told: Mutex<String>,
}

impl Journal {
    /// `termination_log`: where the summary of a drain is left for `kubectl describe`; written
    /// only where the file exists. `None`: nowhere.
    pub fn new(metrics: Arc<Metrics>, termination_log: Option<PathBuf>) -> Self {
        Self {
            metrics,
            termination_log,
            census_failure_told: Once::default(),
            stranger_held_told: Once::default(),
            stranger_refused_told: Once::default(),
            given_up_told: Mutex::default(),
        }
    }

    /// Writes one log line, counts, and at the end of a drain leaves the termination message.
    /// Fails never: what cannot be written is counted.
    pub fn note(&self, note: &Note) {
        self.metrics.note(note);
        if matches!(note, Note::StopSeen { .. }) {
            self.tell_again();
        }
        match note {
            Note::Ended(summary) => self.ended(summary),
            other => self.line(other),
        }
    }

    /// Strangers can come as often as they like, a census fails ten times a second, and an
    /// application that has forgotten its notify path never acknowledges: none of them may fill
    /// the node's log disk, so the first of a drain is told loudly and the rest is DEBUG.
    fn line(&self, note: &Note) {
        match note {
            Note::CensusFailed { why } => {
                if self.census_failure_told.first() {
                    warn!(target: AGENT, why, "sockets not read, in-flight work is unknown");
                } else {
                    debug!(target: AGENT, why, "sockets not read, in-flight work is unknown");
                }
            }
            Note::StrangerHeld => {
                if self.stranger_held_told.first() {
                    info!(target: AGENT, "caller without the token held, nothing changed");
                } else {
                    debug!(target: AGENT, "caller without the token held, nothing changed");
                }
            }
            Note::StrangerRefused => {
                if self.stranger_refused_told.first() {
                    warn!(target: AGENT, "caller without the token refused, too many wait");
                } else {
                    debug!(target: AGENT, "caller without the token refused, too many wait");
                }
            }
            Note::StepGivenUp { step, why } => {
                if self.given_up_first(step) {
                    warn!(target: AGENT, step, why, "step given up");
                } else {
                    debug!(target: AGENT, step, why, "step given up");
                }
            }
            Note::Resurrected { registry, why } => {
                warn!(target: AGENT, registry, why, "instance came back in the registry");
            }
            Note::KubeletStopSuspected { silent_for, budget } => warn!(
                target: AGENT,
                probes_silent_seconds = seconds(*silent_for),
                budget_seconds = seconds(*budget),
                "kubelet stop suspected, budget cut"
            ),
            Note::Lapsed { missing } => warn!(
                target: AGENT,
                missing_seconds = seconds(*missing),
                "agent did not run for a while"
            ),
            other => progress(other),
        }
    }

    fn ended(&self, summary: &Summary) {
        summary_line(summary);
        let Some(path) = &self.termination_log else { return self.tell_again() };
        if let Err(why) = termination::write(path, &summary_text(summary)) {
            self.metrics.failed(Part::TerminationLog);
            debug!(target: AGENT, why, "termination message not written");
        }
        self.tell_again();
    }

    fn given_up_first(&self, step: &str) -> bool {
        let mut told = self.given_up_told.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *told != step;
        step.clone_into(&mut told);
        first
    }

    fn tell_again(&self) {
        self.given_up_told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for once in
            [&self.census_failure_told, &self.stranger_held_told, &self.stranger_refused_told]
        {
            once.reset();
        }
    }
}

/// Whether something was said in this drain.
#[derive(Debug, Default)]
struct Once(AtomicBool);

impl Once {
    fn first(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// What is expected to happen in a drain.
fn progress(note: &Note) {
    match note {
        Note::StopSeen { kind, by, budget } => {
            let kind = kind.name();
            info!(target: AGENT, kind, by, budget_seconds = some(*budget), "stop seen");
        }
        Note::StopKnown { by, after, budget } => {
            let (after, budget) = (seconds(*after), some(*budget));
            info!(target: AGENT, by, after_seconds = after, budget_seconds = budget, "stop known");
        }
        Note::RestartSeen { after } => {
            info!(target: AGENT, after_seconds = seconds(*after), "container restart seen");
        }
        Note::PhaseBegan { phase, after, because } => {
            let (phase, after) = (phase.name(), seconds(*after));
            info!(target: AGENT, phase, after_seconds = after, because, "phase began");
        }
        Note::TurnedUnready { because, after } => {
            info!(target: AGENT, because, after_seconds = seconds(*after), "turned unready");
        }
        Note::KubeletStopWithdrawn => {
            info!(target: AGENT, "probes came again, budget restored");
        }
        Note::HookAnswered { container, waited, because } => {
            let (container, waited) = (container.as_deref(), seconds(*waited));
            info!(target: AGENT, container, waited_seconds = waited, because, "hook answered");
        }
        Note::StepConfirmed { step, after } => {
            info!(target: AGENT, step, after_seconds = seconds(*after), "step confirmed");
        }
        Note::OwnRestart => info!(target: AGENT, "only the agent's own container restarts"),
        Note::UndoBegan { because } => info!(target: AGENT, because, "undo began"),
        Note::Undone { after } => {
            info!(target: AGENT, after_seconds = seconds(*after), "undone");
        }
        Note::CensusFailed { .. }
        | Note::StrangerHeld
        | Note::StrangerRefused
        | Note::StepGivenUp { .. }
        | Note::Resurrected { .. }
        | Note::KubeletStopSuspected { .. }
        | Note::Lapsed { .. }
        | Note::Ended(_) => {}
    }
}

/// The one line of a drain. A field whose value is not known is left out: a zero would lie.
fn summary_line(s: &Summary) {
    let (start, end) = (s.in_flight_at_start, s.in_flight_at_end);
    let last = s.last_new_connection;
    let last_peer = last.and_then(|(_, peer)| peer).map(|peer| peer.to_string());
    macro_rules! line {
        ($level:ident) => {
            $level!(
                target: DRAIN,
                outcome = s.outcome.name(),
                limited_by = s.limited_by.name(),
                kind = s.kind.name(),
                total_seconds = seconds(s.total),
                withdrawing_seconds = seconds(s.withdrawing),
                emptying_seconds = seconds(s.emptying),
                budget_seconds = some(s.budget),
                busy_at_start = start.map(|n| n.busy),
                idle_at_start = start.map(|n| n.idle),
                unknown_at_start = start.map(|n| n.unknown),
                backlog_at_start = start.map(|n| n.backlog),
                busy_at_end = end.map(|n| n.busy),
                idle_at_end = end.map(|n| n.idle),
                unknown_at_end = end.map(|n| n.unknown),
                backlog_at_end = end.map(|n| n.backlog),
                late_connections = s.late_connections,
                last_new_connection_seconds = last.map(|(after, _)| seconds(after)),
                last_new_connection_peer = last_peer,
                leftovers = (!s.leftovers.is_empty()).then(|| peers(&s.leftovers)),
                waiting_for = s.waiting_for,
                caveats = (!s.caveats.is_empty()).then(|| s.caveats.join("; ")),
                advice = s.advice,
                sleep_30_wasted_seconds = s.against_sleep(FIXED_SLEEP).wasted_seconds().map(rounded),
                "drain ended"
            )
        };
    }
    match s.outcome {
        Outcome::Deadline => line!(warn),
        Outcome::Drained
        | Outcome::Pinned
        | Outcome::AppGone
        | Outcome::Restarted
        | Outcome::Undone => line!(info),
    }
}

fn some(time: Option<Duration>) -> Option<f64> {
    time.map(seconds)
}
