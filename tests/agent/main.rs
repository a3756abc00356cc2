//! The whole agent in this process, between a kubelet, an application and strangers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod clocks;
mod drain;
mod hook;
mod restart;
mod strangers;
mod support;
mod told;
