//! The application: its listener, its clients and both ends of every connection.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};

/// Istio hands inbound traffic over from this address, so it counts as outside the pod; every
/// other address of this machine is a helper's.
pub(crate) const OUTSIDE: [u8; 4] = [127, 0, 0, 6];

pub(crate) struct Server {
    listener: TcpListener,
}

/// One client and the server's end of it.
pub(crate) struct Connection {
    pub(crate) client: TcpStream,
    pub(crate) server: TcpStream,
}

impl Server {
    /// On every address: a port of one address alone may be some client's port on another, and
    /// ports are all that the kernel's filter looks at.
    pub(crate) fn start() -> Self {
        Self { listener: TcpListener::bind("0.0.0.0:0").unwrap() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// The process dies; its connections are the test's to drop.
    pub(crate) fn dies(self) -> Vacancy {
        Vacancy { address: self.listener.local_addr().unwrap() }
    }

    /// A client from outside whose connection is accepted.
    pub(crate) fn connect(&self) -> Connection {
        let client = self.knock();
        let (server, _) = self.listener.accept().unwrap();
        Connection { client, server }
    }

    /// A client whose connection nobody accepts.
    pub(crate) fn knock(&self) -> TcpStream {
        connect_from(OUTSIDE.into(), super::http::at(self.port()))
    }
}

/// Where a server was.
pub(crate) struct Vacancy {
    address: SocketAddr,
}

impl Vacancy {
    pub(crate) fn restart(&self) -> Server {
        Server { listener: TcpListener::bind(self.address).unwrap() }
    }
}

impl Connection {
    /// A request reaches the server.
    pub(crate) fn request(&mut self) {
        pass(&mut self.client, &mut self.server, b"GET / HTTP/1.1\r\nHost: app\r\n\r\n");
    }

    /// Its answer reaches the client.
    pub(crate) fn answer(&mut self) {
        pass(&mut self.server, &mut self.client, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }

    pub(crate) fn exchange(&mut self) {
        self.request();
        self.answer();
    }

    /// The client closes its side and the server does not notice.
    pub(crate) fn half_close(&self) {
        self.client.shutdown(Shutdown::Write).unwrap();
    }
}

fn pass(from: &mut TcpStream, to: &mut TcpStream, bytes: &[u8]) {
    from.write_all(bytes).unwrap();
    to.read_exact(&mut vec![0; bytes.len()]).unwrap();
}

/// std cannot choose the address a client comes from.
fn connect_from(address: IpAddr, to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address, 0)).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}
