//! The local door: commands from inside the pod over a Unix socket, one line in, one line out.
//!
//! Draining by hand and the exec form of the hooks come in here and nowhere else, because this
//! door can tell who knocks: the kernel names the caller's user. The room carries facts to the
//! driver and answers back; it decides nothing about a drain.

pub mod client;
mod command;
mod place;
mod serve;
#[cfg(test)]
mod tests;

pub use command::Heard;
pub use place::{Bound, SocketName, bind};
pub use serve::Control;

/// The version both sides speak; an agent outlives the image that its callers were started from.
const VERSION: &str = "lameduck/1";

/// The longest request line, its newline not counted.
const LONGEST_LINE: usize = 256;
