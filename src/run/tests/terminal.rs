//! A terminal between a person and the command. Each case runs in a process of its own, whose
//! terminal the test below it types on.

use super::isolated::start;
use super::{PATIENCE, answer};
use crate::sys::process;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};

/// A terminal with a case on it.
struct Typist {
    keys: File,
    screen: String,
    shown: Receiver<String>,
    case: Child,
}

impl Typist {
    fn before(case: &str) -> Self {
        let case = format!("run::tests::terminal::{case}");
        // A key that signals also throws away what is on its way to the screen, and on a busy
        // machine that includes what the case says about the signal.
        let mut command = Command::new("sh");
        command.args(["-c", "stty noflsh; exec \"$@\"", "sh"]);
        command.arg(std::env::current_exe().unwrap());
        command.args([&case, "--exact", "--ignored", "--nocapture"]);
        let (case, keys) = process::start_on_terminal(&mut command).unwrap();
        // The near side stays open in `command` until here; a read of the far side ends with it.
        drop(command);
        let (show, shown) = channel();
        let mut far = keys.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut some = [0; 1024];
            while let Ok(length @ 1..) = far.read(&mut some) {
                show.send(String::from_utf8_lossy(&some[..length]).into_owned()).ok();
            }
        });
        Self { keys, screen: String::new(), shown, case }
    }

    fn sees(&mut self, words: &str) {
        while !self.screen.contains(words) {
            match self.shown.recv_timeout(PATIENCE) {
                Ok(more) => self.screen.push_str(&more),
                Err(error) => panic!("no {words:?} ({error}) in:\n{}", self.screen),
            }
        }
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        self.case.kill().ok();
        self.case.wait().ok();
    }
}

/// What a case shows its typist.
fn show(words: &str) {
    println!("<{words}>");
}

#[test]
fn ctrl_c_begins_the_drain_and_the_second_one_ends_it() {
    let mut typist = Typist::before("case_ctrl_c");
    typist.sees("<ready>");
    typist.types("\x03");
    typist.sees("<drain>");
    typist.types("\x03");
    typist.sees("1 passed");
}

#[tokio::test]
#[ignore = "run alone by ctrl_c_begins_the_drain_and_the_second_one_ends_it"]
async fn case_ctrl_c() {
    let mut rig = start("trap 'say INT; exit 5' INT; trap 'say USR1' USR1; say ready; forever");
    rig.line.expect("ready").await;
    show("ready");
    let unanswered = rig.called().await;
    process::signal_process(rig.child, libc::SIGUSR1).unwrap();
    rig.line.expect("USR1").await;
    show("drain");
    rig.line.expect("INT").await;
    assert_eq!(rig.code().await, 5);
    drop(unanswered);
}

#[test]
fn ctrl_c_reaches_the_whole_job_after_the_drain() {
    let mut typist = Typist::before("case_job");
    typist.sees("<ready>");
    typist.types("\x03");
    typist.sees("1 passed");
}

#[tokio::test]
#[ignore = "run alone by ctrl_c_reaches_the_whole_job_after_the_drain"]
async fn case_job() {
    // In the foreground of its shell: what a shell starts with `&` ignores SIGINT.
    let mut rig = start("trap : INT; ( trap 'exit 7' INT; say ready; forever ); exit $?");
    rig.line.expect("ready").await;
    show("ready");
    answer(rig.called().await);
    assert_eq!(rig.code().await, 7);
}

#[test]
fn a_command_that_reads_gets_the_keys_and_the_terminal_comes_back() {
    let mut typist = Typist::before("case_reads");
    typist.sees("<ready>");
    typist.types("hello\n");
    typist.sees("1 passed");
}

#[tokio::test]
#[ignore = "run alone by a_command_that_reads_gets_the_keys_and_the_terminal_comes_back"]
async fn case_reads() {
    let mut rig = start("say ready; read words; say $words; trap 'exit 6' USR1; say on; forever");
    rig.line.expect("ready").await;
    show("ready");
    rig.line.expect("hello").await;
    rig.line.expect("on").await;
    let group = || process::foreground_group(std::io::stdin().as_fd()).unwrap();
    assert_eq!(group(), rig.child, "the command asked for the terminal");
    process::signal_process(rig.child, libc::SIGUSR1).unwrap();
    assert_eq!(rig.code().await, 6);
    assert_eq!(group(), process::own_group());
}

#[test]
fn ctrl_z_without_a_job_control_shell_stops_nothing_for_ever() {
    let mut typist = Typist::before("case_ctrl_z");
    typist.sees("<ready>");
    typist.types("\x1a");
    typist.sees("1 passed");
}

#[tokio::test]
#[ignore = "run alone by ctrl_z_without_a_job_control_shell_stops_nothing_for_ever"]
async fn case_ctrl_z() {
    // The command notices that it was continued.
    let mut rig = start("trap 'say CONT; exit 3' CONT; say ready; forever");
    rig.line.expect("ready").await;
    show("ready");
    rig.line.expect("CONT").await;
    assert_eq!(rig.code().await, 3);
}
