//! The only place with `unsafe`: system calls that neither std nor a kept crate offers.
//!
//! Each file wraps one kind of call, checks every result, and owns its descriptors. It may not
//! know what the bytes it carries mean.

pub mod netlink;
