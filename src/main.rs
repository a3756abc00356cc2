//! Arguments in, exit code out.

use lameduck::cli::{self, Exit};
use lameduck::{commands, config, demo};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    // The demo's servers are this program too; nobody calls them by hand.
    if args.peek().is_some_and(|word| word == "demo-server") {
        let code = demo::server_main(args.skip(1).collect());
        return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX));
    }
    let exit = match cli::parse(args, config::environment()) {
        Ok(command) => commands::perform(command),
        Err(mistakes) => {
            eprint!("{mistakes}");
            Exit::Usage
        }
    };
    exit.into()
}
