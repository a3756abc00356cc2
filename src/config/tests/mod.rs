mod meaning;
mod mistakes;
mod secrets;
mod sources;
mod warnings;

use super::*;
use std::ffi::OsString;

/// Loads from flags in one line and variables as pairs.
pub(super) fn loaded(
    program: Program,
    args: &str,
    variables: &[(&str, &str)],
) -> Result<Loaded, Mistakes> {
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    load(program, args.split_whitespace().map(OsString::from), variables)
}

pub(super) fn agent(args: &str) -> Config {
    loaded(Program::Agent, args, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}")).config
}

pub(super) fn refused(args: &str) -> Mistakes {
    loaded(Program::Agent, args, &[]).expect_err("no mistake was found")
}

pub(super) fn warnings(args: &str) -> Vec<Warning> {
    loaded(Program::Agent, args, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}")).warnings
}
