//! The sockets of a process and of everything below it, from `/proc`.
//!
//! On a host the network namespace is everybody's; these inodes say which ports are the command's.

use crate::sys::process;
use std::collections::BTreeSet;
use std::fs;
use std::io;

/// The socket inodes that `root` and its descendants have open, sorted. `None`: cannot tell
/// (a process that may not be inspected, no `/proc`, `root` is gone); never a partial answer.
///
/// Takes some 13 µs for each descriptor that is open in the tree (10,000: 130 ms on two slow
/// cores): for the beginning of a drain, and too much for every tick of a busy server.
pub fn socket_inodes(root: u32) -> Option<Vec<u64>> {
    settled(root, true)
}

/// As [`socket_inodes`], without the sockets that only `root` itself has open.
pub fn descendant_socket_inodes(root: u32) -> Option<Vec<u64>> {
    settled(root, false)
}

/// A process that vanished during the walk may have handed its children to another one that had
/// been passed already, so the walk is made anew. Three times is enough but for a fork bomb.
fn settled(root: u32, with_root: bool) -> Option<Vec<u64>> {
    for _ in 0..3 {
        let mut walk = Walk::default();
        walk.tree(root, with_root)?;
        if !walk.vanished {
            return Some(walk.inodes.into_iter().collect());
        }
    }
    None
}

#[derive(Default)]
struct Walk {
    inodes: BTreeSet<u64>,
    vanished: bool,
}

impl Walk {
    fn tree(&mut self, root: u32, with_root: bool) -> Option<()> {
        if !process::exists(i32::try_from(root).ok()?) {
            return None;
        }
        let mut seen = BTreeSet::from([root]);
        let mut todo = vec![root];
        while let Some(pid) = todo.pop() {
            // Children first: one that is forked later inherits what is read here.
            let children = children(pid)?;
            todo.extend(children.into_iter().filter(|&child| seen.insert(child)));
            if with_root || pid != root {
                self.sockets(pid)?;
            }
        }
        Some(())
    }

    /// `None` where the process is there and does not let us look.
    fn sockets(&mut self, pid: u32) -> Option<()> {
        let descriptors = match fs::read_dir(format!("/proc/{pid}/fd")) {
            Ok(descriptors) => descriptors,
            Err(error) => return self.unreadable(pid, &error),
        };
        for descriptor in descriptors {
            // A descriptor that was closed in between is no loss; a process that ended is.
            match descriptor.and_then(|entry| fs::read_link(entry.path())) {
                Ok(target) => {
                    self.inodes.extend(socket_inode(target.as_os_str().as_encoded_bytes()));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return self.unreadable(pid, &error),
            }
        }
        Some(())
    }

    fn unreadable(&mut self, pid: u32, error: &io::Error) -> Option<()> {
        match stat(pid) {
            // A zombie has nothing open, and refuses all but root to see that.
            Some(Stat { state: b'Z' | b'X', .. }) => Some(()),
            Some(_) => {
                tracing::debug!(pid, %error, "cannot read the descriptors of a process");
                None
            }
            // Hidden by hidepid, not gone.
            None if process::exists(i32::try_from(pid).ok()?) => None,
            None => {
                self.vanished = true;
                Some(())
            }
        }
    }
}

/// `None` where `/proc` does not tell.
fn children(pid: u32) -> Option<Vec<u32>> {
    children_by_task(pid).or_else(|| children_by_parent(pid))
}

/// From the lists that the kernel keeps for each thread; `None` where it was built without them,
/// or where the process is gone.
fn children_by_task(pid: u32) -> Option<Vec<u32>> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let list = task.ok()?.path().join("children");
        let list = fs::read_to_string(list).ok()?;
        children.extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    Some(children)
}

/// From the parent that every process of the machine names; also finds children whose forking
/// thread has ended while its list was read.
fn children_by_parent(pid: u32) -> Option<Vec<u32>> {
    let children = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&other| stat(other).is_some_and(|stat| stat.parent == pid))
        .collect();
    Some(children)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: u8,
    parent: u32,
}

fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// The name of a process stands in parentheses, and may hold any byte, parentheses too.
fn parse_stat(stat: &[u8]) -> Option<Stat> {
    let name_ends = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(stat.get(name_ends + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    Some(Stat { state, parent: fields.next()?.parse().ok()? })
}

/// 4711 for `socket:[4711]`.
fn socket_inode(target: &[u8]) -> Option<u64> {
    let number = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
