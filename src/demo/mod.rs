//! `lameduck demo`: a rolling update of real HTTP servers under load on this machine, one per
//! strategy, all at the same time, and a table of what it cost.
//!
//! Servers are child processes of this binary, so that sockets, SIGTERM and exit are the
//! kernel's; lameduck takes part as `lameduck run`, the product's own path without Kubernetes.
//! The room knows the other rooms only as programs: it calls the binary and reads its log.

mod arguments;
mod balancer;
mod delays;
mod explain;
mod instance;
mod load;
mod ports;
mod progress;
mod report;
mod server;
mod stage;
mod strategy;
mod update;

pub use server::server_main;

use arguments::{Arguments, Parsed};
use instance::Programs;
use std::ffi::OsString;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

/// Something on this machine was in the way (sysexits.h, `EX_SOFTWARE`).
const EXIT_INTERNAL: i32 = 70;
/// The arguments were wrong (sysexits.h, `EX_USAGE`).
const EXIT_USAGE: i32 = 64;

/// Runs the demo with the arguments after `demo`; prints to stdout and returns the exit code:
/// 0, 64 for mistakes in the arguments (all named), 70 where a part could not be run, 128 + n
/// after signal n.
pub fn run(args: Vec<OsString>) -> i32 {
    match arguments::parse(args) {
        Ok(Parsed::Help) => {
            print!("{}", arguments::HELP);
            0
        }
        Ok(Parsed::Run(arguments)) => run_parsed(&arguments),
        Err(mistakes) => {
            for mistake in mistakes {
                eprintln!("lameduck demo: {mistake}");
            }
            EXIT_USAGE
        }
    }
}

fn run_parsed(arguments: &Arguments) -> i32 {
    match perform(arguments) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("lameduck demo: {problem}");
            EXIT_INTERNAL
        }
    }
}

fn perform(arguments: &Arguments) -> Result<i32, String> {
    let programs = Programs { lameduck: own_program()? };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    // Leaving this function drops the runtime, with it every task, and with those every child:
    // nothing is left behind after an error, a signal or a panic either.
    runtime.block_on(async {
        tokio::select! {
            ended = show(arguments, &programs) => ended.map(|()| 0),
            code = interrupted() => code,
        }
    })
}

async fn show(arguments: &Arguments, programs: &Programs) -> Result<(), String> {
    if !arguments.json {
        println!("{}", explain::before(arguments));
    }
    let result = stage::run(arguments, programs).await?;
    if arguments.json {
        println!("{}", report::json(&result));
    } else {
        println!("{}\n{}", report::table(&result), explain::after(&result));
    }
    Ok(())
}

async fn interrupted() -> Result<i32, String> {
    let listen = |kind| signal(kind).map_err(|error| format!("cannot catch signals: {error}"));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => 128 + libc::SIGINT,
        _ = terminate.recv() => 128 + libc::SIGTERM,
        _ = hangup.recv() => 128 + libc::SIGHUP,
    })
}

fn own_program() -> Result<PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("cannot find the own program: {error}"))
}
