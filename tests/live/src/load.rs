//! Clients in a closed loop, each on one kept-alive connection, that count every lost request.

use crate::clock::{now, pause, until};
use crate::http::{Connection, Request, Target};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// The list that new connections are made from: what a Service is to its clients.
#[derive(Clone, Debug)]
pub struct Route {
    current: Arc<Mutex<Target>>,
}

pub struct Load {
    over: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Tally>>,
}

/// What the clients saw.
#[derive(Debug, Default)]
pub struct Tally {
    pub answered: u64,
    /// One text for each request that got no whole 200.
    pub lost: Vec<String>,
    /// Connections left because an answer asked for it.
    pub moved: u64,
}

struct Client {
    route: Route,
    request: Request,
    pause: Duration,
    connection: Option<Connection>,
    tally: Tally,
}

impl Route {
    pub fn to(target: Target) -> Self {
        Self { current: Arc::new(Mutex::new(target)) }
    }

    /// Sends whoever connects from here on to `target`; connections stay where they are.
    pub fn change(&self, target: Target) {
        *self.current.lock().expect("nobody panicked with it") = target;
    }

    fn current(&self) -> Target {
        self.current.lock().expect("nobody panicked with it").clone()
    }
}

impl Load {
    /// `count` clients that send `request`, wait for the answer, pause, and so on.
    pub fn start(count: usize, route: &Route, request: &Request, pause: Duration) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicU64::new(0));
        let clients = (0..count).map(|_| {
            let (over, answered) = (Arc::clone(&over), Arc::clone(&answered));
            let (route, request) = (route.clone(), request.clone());
            let tally = Tally::default();
            let client = Client { route, request, pause, connection: None, tally };
            spawn(move || client.run(&over, &answered))
        });
        let clients = clients.collect();
        Self { over, answered, clients }
    }

    /// Waits until `more` further requests were answered.
    pub fn wait_for(&self, more: u64) {
        let goal = self.answered.load(Ordering::Relaxed) + more;
        until(&format!("{goal} answered requests"), Duration::from_secs(60), || {
            (self.answered.load(Ordering::Relaxed) >= goal).then_some(())
        });
    }

    pub fn end(self) -> Tally {
        self.over.store(true, Ordering::Relaxed);
        let mut total = Tally::default();
        for client in self.clients {
            let tally = client.join().expect("the client did not panic");
            total.answered += tally.answered;
            total.lost.extend(tally.lost);
            total.moved += tally.moved;
        }
        total
    }
}

impl Client {
    fn run(mut self, over: &AtomicBool, answered: &AtomicU64) -> Tally {
        while !over.load(Ordering::Relaxed) {
            match self.once() {
                Ok(()) => {
                    self.tally.answered += 1;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Err(why) => self.lose(why),
            }
            self.rest(over);
        }
        self.tally
    }

    fn once(&mut self) -> Result<(), String> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let target = self.route.current();
                Connection::open(&target).map_err(|e| format!("connect {}: {e}", target.address))?
            }
        };
        let reply = connection.ask(&self.request).map_err(|error| error.to_string())?;
        if reply.status != 200 {
            return Err(format!("status {}", reply.status));
        }
        if reply.close {
            self.tally.moved += 1;
        } else {
            self.connection = Some(connection);
        }
        Ok(())
    }

    fn lose(&mut self, why: String) {
        // A server that is gone would otherwise be dialled in a tight loop.
        pause(Duration::from_millis(20));
        self.tally.lost.push(why);
    }

    fn rest(&self, over: &AtomicBool) {
        let began = now();
        while began.elapsed() < self.pause && !over.load(Ordering::Relaxed) {
            pause((self.pause - began.elapsed().min(self.pause)).min(Duration::from_millis(50)));
        }
    }
}
