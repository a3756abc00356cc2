//! How a command ends, and what its end means.

use super::{LONG, Rig, answer};
use std::time::Duration;

#[tokio::test]
async fn the_code_is_the_commands() {
    for (body, code) in
        [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + 15), ("kill -KILL $$", 128 + 9)]
    {
        assert_eq!(Rig::start(body, LONG).code().await, code, "{body}");
    }
}

#[tokio::test]
async fn an_end_during_the_drain_is_the_end() {
    let mut rig = Rig::start("trap 'exit 5' USR1; say ready; forever", LONG);
    rig.line.expect("ready").await;
    rig.send(libc::SIGTERM);
    let unanswered = rig.called().await;
    rig.send(libc::SIGUSR1);
    assert_eq!(rig.code().await, 5);
    drop(unanswered);
}

#[tokio::test]
async fn the_group_is_killed_when_the_grace_is_over() {
    let body = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 1000' & say $!; wait; forever";
    let mut rig = Rig::start(body, Duration::from_secs(1));
    let below: i32 = rig.line.heard().await.parse().unwrap();
    rig.send(libc::SIGTERM);
    answer(rig.called().await);
    assert_eq!(rig.code().await, 128 + 9);
    while lives(below) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_lost_drain_does_not_hold_the_signal() {
    let mut rig = Rig::start("trap 'exit 3' TERM; say ready; forever", LONG);
    rig.line.expect("ready").await;
    rig.inbox.close();
    rig.send(libc::SIGTERM);
    assert_eq!(rig.code().await, 3);
}

#[tokio::test]
async fn a_drain_that_never_answers_leaves_time_for_the_signal() {
    let mut rig = Rig::start("trap 'exit 3' TERM; say ready; forever", Duration::from_secs(2));
    rig.line.expect("ready").await;
    rig.send(libc::SIGTERM);
    let unanswered = rig.called().await;
    assert_eq!(rig.code().await, 3, "not 137");
    drop(unanswered);
}

/// A zombie that nobody has collected yet counts as dead.
fn lives(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}
