//! What the kernel offers and neither std nor a kept crate does: the only room with `unsafe`.
//!
//! Each file wraps one kind of call, checks every result and owns its descriptors. Every function
//! is safe to call and decides nothing; it may not know any other room.

pub mod netlink;
pub mod poll;
pub mod process;
