//! Settings as typed: flags before environment before default. The only place that reads the
//! environment.

mod environment;
mod flags;

pub use environment::{Variable, environment};
pub use flags::Extra;

use super::mistakes::{Mistake, Source, Warning};
use super::settings::Program;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// One value as typed.
#[derive(Clone)]
pub(super) struct Given {
    pub text: String,
    pub source: Source,
}

/// Everything that was typed, before anything is believed.
#[derive(Default)]
pub(super) struct Typed {
    /// By the name of the setting.
    pub given: BTreeMap<&'static str, Given>,
    /// The command's own options, by name.
    pub extras: BTreeMap<&'static str, String>,
    /// What stands after `--`.
    pub rest: Option<Vec<OsString>>,
    /// Variables that Kubernetes made for a Service with our name.
    pub service_links: Vec<String>,
    pub mistakes: Vec<Mistake>,
    pub warnings: Vec<Warning>,
}

impl Typed {
    pub(super) fn collect(
        program: Program,
        command: &str,
        extras: &[Extra],
        args: impl IntoIterator<Item = OsString>,
        variables: impl IntoIterator<Item = Variable>,
    ) -> Self {
        let mut typed = Self::default();
        flags::collect(&mut typed, program, command, extras, args);
        environment::collect(&mut typed, program, command, variables);
        typed
    }
}
