//! `lameduck run`: the drain around a child process, without Kubernetes.
//!
//! A stop signal that reaches us is held back from the command until the core says that the drain
//! is over. This room knows processes, signals and the terminal; it may not know how work is
//! counted or what a drain decides: it calls like a hook does and waits for the answer.

mod signals;
mod start;
mod stop;
mod supervise;
mod target;
mod terminal;
#[cfg(test)]
mod tests;
mod tree;

pub use start::StartError;
pub use supervise::Supervisor;
pub use tree::{descendant_socket_inodes, socket_inodes};
