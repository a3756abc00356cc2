//! Reads sockets through `NETLINK_SOCK_DIAG`: one walk for IPv4 and IPv6, without privileges.

mod events;
mod filter;
mod message;
mod socket;
#[cfg(test)]
mod tests;

pub(super) use events::Events;
pub(super) use message::DiagRow;
pub(super) use socket::{Diag, Query};
