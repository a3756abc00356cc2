//! The table of settings as people read it: help pages, `explain`, the README.

mod explain;
mod help;
mod markdown;
mod wrap;

#[cfg(test)]
mod tests;

pub use explain::{explain, explain_all};
pub use help::help;
pub use markdown::markdown_table;
pub use wrap::wrap;
