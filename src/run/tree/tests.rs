//! The walk over real processes, and the parsers over hostile text.

use super::*;
use proptest::prelude::*;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};

/// Killed and collected at the end of a test, however it ends.
struct Family(Child);

impl Family {
    /// A shell with a child, both with `socket` as stdin.
    fn with(socket: TcpListener) -> Self {
        let script = "sleep 1000; exit";
        let stdin = Stdio::from(OwnedFd::from(socket));
        let mut command = Command::new("sh");
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let family = Self(command.args(["-c", script]).stdin(stdin).spawn().unwrap());
        while children(family.pid()).unwrap().is_empty() {
            std::thread::yield_now();
        }
        family
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        process::signal_group(i32::try_from(self.0.id()).unwrap(), libc::SIGKILL).ok();
        self.0.wait().ok();
    }
}

fn inode_of(socket: &impl AsRawFd) -> u64 {
    let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
    socket_inode(link.as_os_str().as_encoded_bytes()).unwrap()
}

#[test]
fn the_sockets_of_a_tree_are_found_and_ours_are_not() {
    let theirs = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpListener::bind("127.0.0.1:0").unwrap();
    let inode = inode_of(&theirs);
    let family = Family::with(theirs);
    let all = socket_inodes(family.pid()).unwrap();
    assert!(all.contains(&inode));
    assert!(!all.contains(&inode_of(&ours)), "std opens with close-on-exec");
    assert!(descendant_socket_inodes(family.pid()).unwrap().contains(&inode), "the child's");
    let child = children(family.pid()).unwrap()[0];
    assert!(!descendant_socket_inodes(child).unwrap().contains(&inode), "root left out");
}

#[test]
fn both_ways_to_the_children_agree() {
    let family = Family::with(TcpListener::bind("127.0.0.1:0").unwrap());
    let by_parent = children_by_parent(family.pid()).unwrap();
    assert_eq!(by_parent.len(), 1);
    // Where the kernel has no lists, there is only one way.
    if let Some(by_task) = children_by_task(family.pid()) {
        assert_eq!(by_task, by_parent);
    }
}

#[test]
fn a_process_that_is_gone_tells_nothing_and_a_zombie_has_nothing() {
    let mut child = Command::new("true").spawn().unwrap();
    let pid = child.id();
    while stat(pid).unwrap().state != b'Z' {
        std::thread::yield_now();
    }
    assert_eq!(socket_inodes(pid), Some(Vec::new()));
    child.wait().unwrap();
    assert_eq!(socket_inodes(pid), None);
    assert_eq!(socket_inodes(0), None);
    assert_eq!(socket_inodes(u32::MAX), None);
}

#[test]
fn names_of_processes_do_not_confuse() {
    for (text, expected) in [
        (&b"12 (sh) S 7 12 12 0"[..], Some(Stat { state: b'S', parent: 7 })),
        (b"12 (a) R 1 (b c)) Z 99 1", Some(Stat { state: b'Z', parent: 99 })),
        (b"12 (\xff\n) X 3 1", Some(Stat { state: b'X', parent: 3 })),
        (b"12 (sh) S", None),
        (b"12 (sh) S x 1", None),
        (b"12 (sh)", None),
        (b"", None),
    ] {
        assert_eq!(parse_stat(text), expected, "{}", text.escape_ascii());
    }
}

#[test]
fn only_sockets_are_sockets() {
    assert_eq!(socket_inode(b"socket:[4711]"), Some(4711));
    for other in ["pipe:[4711]", "socket:[]", "socket:[-1]", "socket:[1", "/tmp/socket:[1]", ""] {
        assert_eq!(socket_inode(other.as_bytes()), None, "{other}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_parsers(text in proptest::collection::vec(any::<u8>(), 0..60)) {
        parse_stat(&text);
        socket_inode(&text);
    }
}
