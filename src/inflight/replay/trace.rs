//! Reads a trace: rows of the sampler, truth of the clients.

use super::class::Class;
use crate::inflight::classify::{SocketRow, TcpInfo, TcpState};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

/// One socket in one poll.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub poll: u32,
    /// Nanoseconds, just before and just after the dump.
    pub began: u64,
    pub ended: u64,
    pub row: SocketRow,
}

/// One request as its client saw it, in nanoseconds of the sampler's clock.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Just before the first byte was sent.
    pub began: u64,
    /// Just after the last byte of the answer came.
    pub ended: u64,
}

/// One recorded connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub class: Class,
    pub tls: bool,
    pub samples: Vec<Sample>,
    pub requests: Vec<Request>,
    /// Something else than complete requests happened on it (aborted, refused, in transaction):
    /// its idle periods prove nothing.
    pub irregular: bool,
}

/// A recording: every connection whose client is known.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    pub connections: Vec<Connection>,
    /// When each poll began, in nanoseconds, by number.
    pub polls: Vec<u64>,
}

const COLUMNS: &str = "t0,t1,poll,port,peer,state,cookie,rq,wq,timer,ls,lr,la,backed,brecv,so,si,dsi,dso,bsent,notsent,unacked,rcvwnd,ato,inode,popens";

#[derive(Default)]
struct Truth {
    server: String,
    scenario: String,
    requests: Vec<Request>,
    irregular: bool,
}

impl Trace {
    /// Reads the sampler's rows (decompressed) and the clients' records. Errors name the line.
    pub fn read(rows: impl Read, records: impl Read) -> Result<Self, String> {
        let mut truth = read_truth(records)?;
        let mut trace = Self::default();
        let mut places: HashMap<u64, Option<usize>> = HashMap::new();
        let mut lines = BufReader::new(rows).lines();
        let header =
            lines.next().transpose().map_err(|error| error.to_string())?.unwrap_or_default();
        if header != COLUMNS {
            return Err(format!(
                "reading a trace: columns are \"{header}\", expected \"{COLUMNS}\""
            ));
        }
        for (number, line) in lines.enumerate() {
            let line = line.map_err(|error| format!("reading a trace: {error}"))?;
            let row = parse_row(&line)
                .ok_or_else(|| format!("reading a trace: line {}: \"{line}\"", number + 2))?;
            trace.note_poll(row.sample.poll, row.sample.began);
            let place = *places.entry(row.cookie).or_insert_with(|| {
                let known = truth.remove(&(row.port, row.peer))?;
                trace.connections.push(known.into_connection());
                Some(trace.connections.len() - 1)
            });
            let held = !matches!(
                row.sample.row.state,
                TcpState::Listen | TcpState::SynSent | TcpState::TimeWait
            );
            if let (Some(place), true) = (place, held) {
                trace.connections[place].samples.push(row.sample);
            }
        }
        Ok(trace)
    }

    /// The usual distance of two polls, in nanoseconds. Polls without a row took no place in
    /// time and are left out.
    pub fn poll_interval(&self) -> u64 {
        let gaps = self.polls.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        let mut gaps: Vec<u64> = gaps.filter(|&gap| gap > 0).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied().unwrap_or(0)
    }

    fn note_poll(&mut self, poll: u32, began: u64) {
        let place = poll as usize;
        if self.polls.len() <= place {
            // A poll that saw no socket has no row; it began no later than the next one.
            self.polls.resize(place + 1, began);
        }
    }
}

impl Truth {
    fn into_connection(mut self) -> Connection {
        self.requests.sort_unstable_by_key(|request| request.began);
        Connection {
            class: Class::of(&self.server, &self.scenario),
            tls: Class::of(&self.server, "") == Class::H1Tls,
            samples: Vec::new(),
            requests: self.requests,
            irregular: self.irregular,
        }
    }
}

struct Row {
    port: u16,
    peer: u16,
    cookie: u64,
    sample: Sample,
}

fn parse_row(line: &str) -> Option<Row> {
    let mut fields = [0u64; 26];
    let mut count = 0;
    for (place, text) in line.split(',').enumerate() {
        *fields.get_mut(place)? = text.parse().ok()?;
        count += 1;
    }
    let [
        t0,
        t1,
        poll,
        port,
        peer,
        state,
        cookie,
        rq,
        wq,
        _,
        ls,
        lr,
        la,
        _,
        brecv,
        so,
        _,
        dsi,
        dso,
        bsent,
        ..,
    ] = fields;
    let narrow = |value: u64| u32::try_from(value).ok();
    let info = TcpInfo {
        last_data_sent: narrow(ls)?,
        last_data_recv: narrow(lr)?,
        last_ack_recv: narrow(la)?,
        bytes_received: brecv,
        bytes_sent: bsent,
        segs_out: narrow(so)?,
        data_segs_in: narrow(dsi)?,
        data_segs_out: narrow(dso)?,
    };
    let state = TcpState::from_kernel(u8::try_from(state).ok()?)?;
    let row = SocketRow { state, rqueue: narrow(rq)?, wqueue: narrow(wq)?, info: Some(info) };
    (count == fields.len()).then_some(Row {
        port: u16::try_from(port).ok()?,
        peer: u16::try_from(peer).ok()?,
        cookie,
        sample: Sample { poll: narrow(poll)?, began: t0, ended: t1, row },
    })
}

fn read_truth(records: impl Read) -> Result<HashMap<(u16, u16), Truth>, String> {
    let mut truth: HashMap<(u16, u16), Truth> = HashMap::new();
    for (number, line) in BufReader::new(records).lines().enumerate() {
        let place = |error: &dyn std::fmt::Display| {
            format!("reading the clients' records: line {}: {error}", number + 1)
        };
        let line = line.map_err(|error| place(&error))?;
        let record: Value = serde_json::from_str(&line).map_err(|error| place(&error))?;
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| record.get(name).and_then(Value::as_u64);
        let port = |name: &str| number(name).and_then(|port| u16::try_from(port).ok());
        let (Some(port), Some(peer)) = (port("port"), port("lport")) else { continue };
        let entry = truth.entry((port, peer)).or_default();
        entry.server = text("server").to_owned();
        entry.scenario = text("sc").to_owned();
        match (text("kind"), number("t0"), number("t1")) {
            ("req", Some(began), Some(ended)) => entry.requests.push(Request { began, ended }),
            ("conn", ..) => {}
            _ => entry.irregular = true,
        }
    }
    Ok(truth)
}
