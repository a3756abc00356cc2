//! The random walk: short random lives of random pods, and what must be true in all of them.

mod script;
mod seen;
mod watcher;

use crate::drain::{LimitedBy, Outcome};
pub(super) use script::{Script, live};
pub(super) use watcher::Sabotage;

/// Interleavings of inputs and time that every run of the tests walks through.
const INTERLEAVINGS: u64 = 100_000;
/// The walk is cut into parts that run side by side.
const PARTS: u64 = 4;

fn walk(part: u64) {
    for seed in (part..INTERLEAVINGS).step_by(PARTS as usize) {
        if let Err(broken) = live(&Script::random(seed), Sabotage::None) {
            panic!("{}\nseed {seed}: {broken}", script::tell(&Script::random(seed)));
        }
    }
}

#[test]
fn no_interleaving_breaks_a_promise_part_1() {
    walk(0);
}

#[test]
fn no_interleaving_breaks_a_promise_part_2() {
    walk(1);
}

#[test]
fn no_interleaving_breaks_a_promise_part_3() {
    walk(2);
}

#[test]
fn no_interleaving_breaks_a_promise_part_4() {
    walk(3);
}

/// How many of the first seeds notice the sabotage, and the first words of what they say.
fn noticed(sabotage: Sabotage) -> Vec<String> {
    let broken = (0..2_000).filter_map(|seed| live(&Script::random(seed), sabotage).err());
    broken.collect()
}

#[test]
fn the_walk_notices_a_lost_answer_and_a_second_one() {
    assert!(noticed(Sabotage::LoseAnswers).iter().any(|b| b.contains("never answered")));
    assert!(noticed(Sabotage::RepeatAnswers).iter().any(|b| b.contains("answered again")));
}

#[test]
fn the_walk_notices_a_late_answer() {
    assert!(noticed(Sabotage::LateAlarms).iter().any(|b| b.contains("answered late")));
}

#[test]
fn the_walk_notices_a_census_that_hides_what_is_busy() {
    assert!(noticed(Sabotage::HideBusy).iter().any(|b| b.contains("was busy")));
}

#[test]
fn the_walk_notices_a_source_that_is_taken_for_zero() {
    assert!(noticed(Sabotage::CallUnknownZero).iter().any(|b| b.contains("source")));
}

#[test]
fn the_walk_notices_a_pod_that_stays_unready() {
    assert!(noticed(Sabotage::StayUnready).iter().any(|b| b.contains("ready again")));
}

#[test]
fn the_walk_notices_two_calls_at_a_time() {
    assert!(noticed(Sabotage::CallTwice).iter().any(|b| b.contains("second call")));
}

#[test]
fn the_walk_comes_everywhere() {
    let lives: String = (0..20_000).map(|seed| script::tell(&Script::random(seed))).collect();
    let outcomes = Outcome::ALL.iter().map(|outcome| format!("outcome: {outcome:?}, "));
    // Every drain has waited for something when it ends.
    let limits = LimitedBy::ALL.iter().filter(|limit| **limit != LimitedBy::Nothing);
    let limits = limits.map(|limit| format!("limited_by: {limit:?}, "));
    let others = [
        "the container listens anew",
        "the safety timer ran out",
        "before the restart",
        "lameduck undrain",
        "KubeletStopSuspected",
        "OwnRestart",
        "Lapsed",
        "StrangerHeld",
        "CallAdopted",
        ", Exit)",
    ];
    let words = outcomes.chain(limits).chain(others.map(str::to_owned));
    let missing: Vec<_> = words.filter(|words| !lives.contains(words)).collect();
    assert_eq!(missing, [] as [String; 0], "no life knows them");
}
