//! What the live scenarios are told with: real servers, the real agent, the kubelet's part of a
//! stop, and clients that notice every lost request.
//!
//! Everything runs on loopback and on ports that were free a moment ago, so scenarios may run
//! side by side. The harness knows the agent only as the kubelet does: a program, its flags, the
//! hook's answer and its exit code.

pub mod agent;
pub mod clock;
pub mod http;
pub mod kubelet;
pub mod load;
pub mod place;
pub mod process;
pub mod server;
pub mod tls;
pub mod verdict;

pub use agent::Agent;
pub use http::{Connection, Reply, Request, Target};
pub use kubelet::{Kubelet, Stopped};
pub use load::{Load, Route};
pub use place::Place;
pub use server::{Kind, Server};
pub use verdict::Verdict;
