//! What the kernel offers and std does not: the only room with `unsafe`.
//!
//! Every function here is safe to call, keeps no state and decides nothing; it may not know any
//! other room.

pub mod process;
