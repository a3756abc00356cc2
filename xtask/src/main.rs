//! Every chore of the project: `cargo xtask CHORE`.

mod cut_corpus;
mod docs;
mod footprint;
mod replay;
mod shell;
mod static_build;
mod test;

use std::ffi::OsString;
use std::process::ExitCode;

struct Chore {
    name: &'static str,
    usage: &'static str,
    run: fn(Vec<OsString>) -> Result<(), String>,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "test",
        usage: "[--ring house|core|wire|live]… [-- FILTER]  every ring, or the named ones",
        run: test::run,
    },
    Chore {
        name: "docs",
        usage: "[--check]  writes the generated tables, or says which are stale",
        run: docs::run,
    },
    Chore {
        name: "build-static",
        usage: "builds the static program; its path is the last line",
        run: static_build::run,
    },
    Chore {
        name: "footprint",
        usage: "[--write]  what the static program costs, beside the targets",
        run: footprint::run,
    },
    Chore {
        name: "replay",
        usage: "PREFIX… [--poll D]… [--from-random-start] [--seeds N]  recorded sockets, judged anew",
        run: replay::run,
    },
    Chore {
        name: "cut-corpus",
        usage: "PREFIX… --into DIR  the part of recorded traces that the repository carries",
        run: cut_corpus::run,
    },
];

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let name = args.next().unwrap_or_default();
    let Some(chore) = CHORES.iter().find(|chore| name == chore.name) else {
        return usage(&name);
    };
    match (chore.run)(args.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("\ncargo xtask {}: {why}", chore.name);
            ExitCode::FAILURE
        }
    }
}

fn usage(name: &OsString) -> ExitCode {
    eprintln!("no chore is called {name:?}; there are:\n");
    for chore in CHORES {
        eprintln!("  cargo xtask {} {}", chore.name, chore.usage);
    }
    ExitCode::FAILURE
}
