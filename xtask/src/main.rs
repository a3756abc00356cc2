//! Every chore of the project.

mod cut_corpus;
mod replay;

fn main() -> std::process::ExitCode {
    let mut args: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    let chore = if args.is_empty() { std::ffi::OsString::new() } else { args.remove(0) };
    let done = match chore.to_str() {
        Some("replay") => replay::run(args),
        Some("cut-corpus") => cut_corpus::run(args),
        _ => Err(format!("no chore {}; known: replay, cut-corpus", chore.display())),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            std::process::ExitCode::FAILURE
        }
    }
}
