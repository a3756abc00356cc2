//! What concerns the whole process: real signals, orphans, every child's end. Each case is run by
//! the test below it in a process of its own, because the other tests have children too.

use super::{LONG, Line, PATIENCE, Rig, answer};
use crate::run::{Supervisor, descendant_socket_inodes};
use crate::sys::process;
use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;
use tokio::sync::mpsc;

/// Runs an ignored test of this file in a process that was started with SIGHUP ignored, as by
/// `nohup`.
fn alone(case: &str) {
    let case = format!("run::tests::isolated::{case}");
    let output = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args([&case, "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

pub(super) fn start(body: &str) -> Rig {
    let line = Line::new();
    let supervisor = Supervisor::spawn(OsStr::new("sh"), &line.script(body)).unwrap();
    Rig::watch(supervisor, line, mpsc::unbounded_channel().0, LONG)
}

async fn until(mut done: impl FnMut() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it becomes true");
}

#[test]
fn orphans_are_collected() {
    alone("case_orphans");
}

#[tokio::test]
#[ignore = "run alone by orphans_are_collected"]
async fn case_orphans() {
    let mut rig = start(
        "( sh -c 'trap \"exit 1\" USR1; say() { :; }; while :; do sleep 0.05; \
                         done' & say $! ); trap 'exit 8' USR2; say ready; forever",
    );
    let orphan: i32 = rig.line.heard().await.parse().unwrap();
    rig.line.expect("ready").await;
    // It has lost its parent, and is below us all the same.
    until(|| parent_of(orphan) == Some(std::process::id())).await;
    assert!(descendant_socket_inodes(std::process::id()).is_some());
    process::signal_process(orphan, libc::SIGKILL).unwrap();
    until(|| !process::exists(orphan)).await;
    assert!(process::exists(rig.child));
    process::signal_process(rig.child, libc::SIGUSR2).unwrap();
    assert_eq!(rig.code().await, 8);
}

#[test]
fn real_signals_arrive() {
    alone("case_signals");
}

#[tokio::test]
#[ignore = "run alone by real_signals_arrive"]
async fn case_signals() {
    let mut rig = start("trap 'say TERM; exit 4' TERM; trap 'say USR1' USR1; say ready; forever");
    rig.line.expect("ready").await;
    let us = i32::try_from(std::process::id()).unwrap();
    process::signal_process(us, libc::SIGTERM).unwrap();
    let reply = rig.called().await;
    process::signal_process(us, libc::SIGUSR1).unwrap();
    rig.line.expect("USR1").await;
    answer(reply);
    rig.line.expect("TERM").await;
    assert_eq!(rig.code().await, 4);
}

#[test]
fn a_command_under_nohup_ignores_sighup() {
    alone("case_nohup");
}

#[tokio::test]
#[ignore = "run alone by a_command_under_nohup_ignores_sighup"]
async fn case_nohup() {
    assert!(process::ignores(libc::SIGHUP));
    assert_eq!(start("kill -HUP $$; exit 2").code().await, 2);
    assert_eq!(start("kill -USR1 $$; exit 2").code().await, 128 + libc::SIGUSR1);
}

#[test]
fn the_server_of_a_plain_shell_gets_the_signal_and_its_time() {
    alone("case_plain_shell");
}

#[tokio::test]
#[ignore = "run alone by the_server_of_a_plain_shell_gets_the_signal_and_its_time"]
async fn case_plain_shell() {
    // The shell dies of SIGTERM at once; its server has something to finish.
    let mut rig = start(
        "( trap 'say TERM; sleep 0.3; say finished; exit 0' TERM; say ready; forever ) & wait",
    );
    rig.line.expect("ready").await;
    let group = rig.child;
    process::signal_process(i32::try_from(std::process::id()).unwrap(), libc::SIGTERM).unwrap();
    answer(rig.called().await);
    rig.line.expect("TERM").await;
    rig.line.expect("finished").await;
    assert_eq!(rig.code().await, 128 + 15, "the command's code, not the server's");
    assert!(!process::group_exists(group));
}

fn parent_of(pid: i32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}
