//! Chooses the source by a self-test at the start.

use super::kernel::KernelSockets;
use super::ports::PortRules;
use super::proc_net::ProcSockets;
use super::{OwnedInodes, SocketTable};
use crate::config::{SocketSource, SocketsConfig};
use crate::drain::Plan;

/// The sockets of this network namespace, read in the best way that this kernel and its policy
/// allow; `describe()` says which and why.
///
/// `own_ports`: the agent's listeners, never the application's. Call this after they are open:
/// the self-test needs a listener. `owned`: only listeners with these inodes count.
pub fn open(
    config: &SocketsConfig,
    plan: &Plan,
    own_ports: &[u16],
    owned: Option<OwnedInodes>,
) -> Box<dyn SocketTable + Send> {
    let rules = || PortRules {
        setting: config.ports.clone(),
        exclude: config.exclude_ports.clone(),
        protocols: config.declared.clone(),
        containers: plan.containers.clone(),
        own: own_ports.to_vec(),
    };
    let counting = |why: String, owned| -> Box<dyn SocketTable + Send> {
        Box::new(ProcSockets::new(why, rules(), config.quiet_h2, owned))
    };
    if config.source == SocketSource::ProcNet {
        return counting("asked for by the setting inflight".to_owned(), owned);
    }
    match KernelSockets::test() {
        Ok(tested) => Box::new(KernelSockets::new(tested, rules(), config.quiet_h2, owned)),
        Err(why) => counting(why.0, owned),
    }
}
