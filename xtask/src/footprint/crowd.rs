//! Connections in any number: helper processes, each holding both ends of its share.
//!
//! One process may have too few descriptors for 100,000 connections, so every helper listens on
//! a loopback address of its own with the common port.

use crate::shell::{most_open_files, with_open_files};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// The word after `footprint` that makes this program a helper.
pub(super) const WORD: &str = "hold";

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: app\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// Fewer than the local ports of one address pair.
const MOST_OF_ONE: usize = 20_000;

/// All helpers; they end when it is dropped.
pub(super) struct Crowd {
    helpers: Vec<Helper>,
}

struct Helper {
    child: Child,
    tell: Option<ChildStdin>,
    hear: BufReader<ChildStdout>,
}

impl Crowd {
    /// `connections` that had one answer each, and one of them has a second request unanswered.
    pub(super) fn gather(port: u16, connections: usize) -> Result<Self, String> {
        let most = (most_open_files()?.saturating_sub(200) / 2).clamp(1, MOST_OF_ONE);
        let mut helpers = Vec::new();
        let mut left = connections;
        while left > 0 {
            let share = left.min(most);
            left -= share;
            let third = u8::try_from(helpers.len() + 1).map_err(|_| "too many helpers")?;
            let address = SocketAddr::from((Ipv4Addr::new(127, 1, third, 1), port));
            helpers.push(Helper::start(address, share)?);
        }
        let mut crowd = Self { helpers };
        for helper in &mut crowd.helpers {
            helper.expect("ready")?;
        }
        // A request in the same tick of the kernel's clock as the answer before it cannot be
        // told from an idle connection for longer than ten seconds.
        sleep(Duration::from_millis(50));
        crowd.first("ask", "asked")?;
        Ok(crowd)
    }

    /// Answers the one open request; returns when the answer's last byte was received.
    pub(super) fn finish_the_request(&mut self) -> Result<(), String> {
        self.first("answer", "answered")
    }

    fn first(&mut self, order: &str, done: &str) -> Result<(), String> {
        let first = self.helpers.first_mut().ok_or("there is no helper")?;
        let tell = first.tell.as_mut().ok_or("the helper was told to end")?;
        writeln!(tell, "{order}").map_err(|error| format!("telling a helper: {error}"))?;
        first.expect(done)
    }
}

impl Helper {
    fn start(address: SocketAddr, share: usize) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(["footprint", WORD, &address.to_string(), &share.to_string()]);
        let mut command = with_open_files(&command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("starting a helper: {error}"))?;
        let tell = child.stdin.take();
        let hear = BufReader::new(child.stdout.take().ok_or("the helper has no output")?);
        Ok(Self { child, tell, hear })
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        let mut line = String::new();
        self.hear.read_line(&mut line).map_err(|error| format!("hearing a helper: {error}"))?;
        if line.trim() == word {
            Ok(())
        } else {
            Err(format!("a helper said {:?} instead of {word:?}", line.trim()))
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // The end of its input is the end of a helper.
        self.tell.take();
        self.child.wait().ok();
    }
}

/// The helper's whole life.
pub(super) fn hold(args: &[OsString]) -> Result<(), String> {
    let [address, share] = args else { return Err("ADDRESS and COUNT".to_owned()) };
    let address = address.to_string_lossy().parse::<SocketAddr>();
    let share = share.to_string_lossy().parse::<usize>();
    let (Ok(address), Ok(share)) = (address, share) else {
        return Err("ADDRESS and COUNT".to_owned());
    };
    let mut pairs = connect(address, share).map_err(|error| format!("{address}: {error}"))?;
    println!("ready");
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let Some((client, server)) = pairs.first_mut() else { break };
        let done = match line.as_str() {
            "ask" => ask(client, server).map(|()| "asked"),
            "answer" => answer(client, server).map(|()| "answered"),
            _ => break,
        };
        println!("{}", done.map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn connect(address: SocketAddr, share: usize) -> std::io::Result<Vec<(TcpStream, TcpStream)>> {
    let listener = TcpListener::bind(address)?;
    let mut pairs = Vec::with_capacity(share);
    for _ in 0..share {
        let mut client = TcpStream::connect(address)?;
        let (mut server, _) = listener.accept()?;
        ask(&mut client, &mut server)?;
        answer(&mut client, &mut server)?;
        pairs.push((client, server));
    }
    // Kept for the helper's life: a server whose listener is gone counts as gone itself.
    std::mem::forget(listener);
    Ok(pairs)
}

fn ask(client: &mut TcpStream, server: &mut TcpStream) -> std::io::Result<()> {
    client.write_all(REQUEST)?;
    server.read_exact(&mut [0; REQUEST.len()])
}

fn answer(client: &mut TcpStream, server: &mut TcpStream) -> std::io::Result<()> {
    server.write_all(ANSWER)?;
    client.read_exact(&mut [0; ANSWER.len()])
}
