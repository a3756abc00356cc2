//! What is held back, what is passed on, and to whom.

use super::super::stop::{Step, Stop, step};
use super::super::target::Target;
use super::{LONG, Rig, answer};
use crate::driver::Handle;
use std::time::Duration;

#[tokio::test]
async fn signals_mean_what_the_stage_of_the_stop_makes_them() {
    let (handle, _inbox) = Handle::new();
    let mut stop = Stop::begin(libc::SIGTERM, handle, LONG);
    for signal in [libc::SIGTERM, libc::SIGINT] {
        assert_eq!(step(None, signal), Step::BeginDrain);
    }
    assert_eq!(step(Some(&stop), libc::SIGTERM), Step::Ignore);
    assert_eq!(step(Some(&stop), libc::SIGINT), Step::CutShort);
    assert_eq!(step(Some(&stop), libc::SIGHUP), Step::Pass);
    stop.passed(Target::Command);
    assert_eq!(step(Some(&stop), libc::SIGTERM), Step::Ignore);
    assert_eq!(step(Some(&stop), libc::SIGINT), Step::Pass);
    assert_eq!(step(None, libc::SIGHUP), Step::Pass);
}

#[tokio::test]
async fn the_received_signal_is_passed_on_when_the_drain_is_over() {
    for (signal, name) in [(libc::SIGTERM, "TERM"), (libc::SIGINT, "INT")] {
        let body = "trap 'say TERM; exit 3' TERM; trap 'say INT; exit 3' INT; \
                    trap 'say USR1' USR1; say ready; forever";
        let mut rig = Rig::start(body, LONG);
        rig.line.expect("ready").await;
        rig.send(signal);
        let reply = rig.called().await;
        // Had the stop signal been let through, the command would not live to say this.
        rig.send(libc::SIGUSR1);
        rig.line.expect("USR1").await;
        answer(reply);
        rig.line.expect(name).await;
        assert_eq!(rig.code().await, 3);
    }
}

#[tokio::test]
async fn a_repeated_sigterm_is_ignored() {
    let body = "trap 'say TERM' TERM; trap 'say USR1' USR1; trap 'exit 9' USR2; say ready; forever";
    let mut rig = Rig::start(body, LONG);
    rig.line.expect("ready").await;
    rig.send(libc::SIGTERM);
    rig.send(libc::SIGTERM);
    let reply = rig.called().await;
    rig.send(libc::SIGTERM);
    rig.send(libc::SIGUSR1);
    rig.line.expect("USR1").await;
    answer(reply);
    rig.line.expect("TERM").await;
    rig.send(libc::SIGTERM);
    rig.send(libc::SIGUSR1);
    rig.line.expect("USR1").await;
    rig.send(libc::SIGUSR2);
    assert!(rig.inbox.recv().await.is_none(), "one stop makes one call");
    assert_eq!(rig.code().await, 9);
}

#[tokio::test]
async fn a_second_sigint_passes_what_is_held_back() {
    for (first, name) in [(libc::SIGINT, "INT"), (libc::SIGTERM, "TERM")] {
        let body = "trap 'say INT; exit 4' INT; trap 'say TERM; exit 4' TERM; say ready; forever";
        let mut rig = Rig::start(body, LONG);
        rig.line.expect("ready").await;
        rig.send(first);
        let unanswered = rig.called().await;
        rig.send(libc::SIGINT);
        rig.line.expect(name).await;
        assert_eq!(rig.code().await, 4);
        drop(unanswered);
    }
}

#[tokio::test]
async fn a_third_sigint_reaches_the_command_too() {
    let body = "n=0; trap 'n=$((n+1)); say INT $n; [ $n = 1 ] || exit 4' INT; say ready; forever";
    let mut rig = Rig::start(body, LONG);
    rig.line.expect("ready").await;
    rig.send(libc::SIGINT);
    let unanswered = rig.called().await;
    rig.send(libc::SIGINT);
    rig.line.expect("INT 1").await;
    rig.send(libc::SIGINT);
    rig.line.expect("INT 2").await;
    assert_eq!(rig.code().await, 4);
    drop(unanswered);
}

#[tokio::test]
async fn other_signals_pass_unchanged() {
    let passed = [
        (libc::SIGHUP, "HUP"),
        (libc::SIGQUIT, "QUIT"),
        (libc::SIGUSR1, "USR1"),
        (libc::SIGUSR2, "USR2"),
        (libc::SIGALRM, "ALRM"),
        (libc::SIGWINCH, "WINCH"),
        (libc::SIGCONT, "CONT"),
    ];
    let traps: String =
        passed.iter().map(|(_, name)| format!("trap 'say {name}' {name}; ")).collect();
    let mut rig = Rig::start(&format!("{traps} say ready; forever"), LONG);
    rig.line.expect("ready").await;
    for (signal, name) in passed {
        rig.send(signal);
        rig.line.expect(name).await;
    }
    rig.send(libc::SIGRTMIN());
    assert_eq!(rig.code().await, 128 + libc::SIGRTMIN());
}

#[tokio::test]
async fn a_script_that_traps_the_stop_signal_gets_it_alone() {
    // WINCH has a higher number than TERM, and shells run waiting traps in that order: had TERM
    // come to the server as well, "server TERM" would be heard first.
    let server =
        "trap 'say server TERM' TERM; trap 'say server done; exit' WINCH; say ready; forever";
    let body = format!(
        "( {server} ) & server=$!; trap 'say script TERM; kill -WINCH $server; \
         wait $server; exit 6' TERM; say ready; wait; forever"
    );
    let mut rig = Rig::start(&body, LONG);
    for _ in ["server", "script"] {
        rig.line.expect("ready").await;
    }
    rig.send(libc::SIGTERM);
    answer(rig.called().await);
    rig.line.expect("script TERM").await;
    rig.line.expect("server done").await;
    assert_eq!(rig.code().await, 6);
}

#[tokio::test]
async fn ticks_come_once_a_second_until_the_stop() {
    let mut rig = Rig::start("trap 'exit 0' TERM; say ready; forever", LONG);
    rig.line.expect("ready").await;
    for _ in 0..2 {
        rig.ticks.recv().await.unwrap();
    }
    rig.send(libc::SIGTERM);
    let reply = rig.called().await;
    while rig.ticks.try_recv().is_ok() {}
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert!(rig.ticks.try_recv().is_err());
    answer(reply);
    assert_eq!(rig.code().await, 0);
}
