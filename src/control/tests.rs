use super::client::{self, Exit, Said};
use super::command::Command;
use super::serve::{MOST_CONNECTIONS, admit};
use super::*;
use crate::drain::{Answer, Input, PhaseName, Status};
use crate::driver::{Handle, Message};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc::UnboundedReceiver;

const PATIENCE: Duration = Duration::from_secs(20);

struct Door {
    name: SocketName,
    inbox: UnboundedReceiver<Message>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("lameduck-test-{}-{what}-{number}", std::process::id())
}

fn path() -> PathBuf {
    std::env::temp_dir().join(unique("path"))
}

fn door() -> Door {
    door_at(SocketName::Abstract(unique("door")))
}

fn door_at(name: SocketName) -> Door {
    let (handle, inbox) = Handle::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let control = Control {
        handle,
        about: Arc::new(|| vec![("sockets", "pretended".to_owned())]),
        heard: {
            let heard = heard.clone();
            Arc::new(move |what| heard.lock().unwrap().push(what))
        },
    };
    tokio::spawn(bind(&name).unwrap().serve(control));
    Door { name, inbox, heard }
}

impl Door {
    fn connect(&self) -> UnixStream {
        let stream = std::os::unix::net::UnixStream::connect_addr(&self.name.address().unwrap());
        let stream = stream.unwrap();
        stream.set_nonblocking(true).unwrap();
        UnixStream::from_std(stream).unwrap()
    }

    async fn ask(&self, request: &[u8]) -> serde_json::Value {
        let mut stream = self.connect();
        stream.write_all(request).await.ok();
        answer(&mut stream).await
    }

    async fn message(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.inbox.recv()).await.unwrap().unwrap()
    }

    /// Runs a blocking client call while the test plays the driver.
    fn client(
        &self,
        call: impl FnOnce(SocketName) -> Said + Send + 'static,
    ) -> tokio::task::JoinHandle<Said> {
        let name = self.name.clone();
        tokio::task::spawn_blocking(move || call(name))
    }
}

async fn answer(stream: &mut UnixStream) -> serde_json::Value {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    // A refused caller may find a reset behind the answer.
    while let Ok(read @ 1..) =
        tokio::time::timeout(PATIENCE, stream.read(&mut chunk)).await.unwrap()
    {
        bytes.extend_from_slice(&chunk[..read]);
    }
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_waiting_hook_returns_when_its_drain_is_over() {
    let mut door = door();
    let waiting = door.client(|name| client::wait(&name, "my app", None));
    let Message::Call { input, reply, .. } = door.message().await else { panic!("not a call") };
    assert!(matches!(input, Input::HookCalled { container: Some(name), .. } if name == "my app"));
    assert!(!waiting.is_finished());
    reply.send(Answer::Nothing { because: "it was a helper" }).unwrap();
    let said = waiting.await.unwrap();
    assert_eq!(said.exit, Exit::Success);
    assert!(said.out.contains("it was a helper"), "{said:?}");
    assert_eq!(*door.heard.lock().unwrap(), [Heard::Wait]);
}

#[tokio::test]
async fn commands_reach_the_driver() {
    let mut door = door();
    let said = door.client(|name| client::stopping(&name)).await.unwrap();
    assert_eq!(said.exit, Exit::Success);
    assert!(matches!(door.message().await, Message::Input(Input::OwnHookCalled)));

    let drain = door.client(|name| client::drain(&name));
    let Message::Call { input, reply, .. } = door.message().await else { panic!("not a call") };
    assert!(matches!(input, Input::DrainRequested { .. }));
    reply.send(Answer::Done).unwrap();
    assert_eq!(drain.await.unwrap().exit, Exit::Success);

    let undrain = door.client(|name| client::undrain(&name));
    let Message::Call { input, reply, .. } = door.message().await else { panic!("not a call") };
    assert!(matches!(input, Input::UndrainRequested { .. }));
    reply.send(Answer::Refused { because: "the pod is being stopped" }).unwrap();
    let said = undrain.await.unwrap();
    assert_eq!(said.exit, Exit::Failure);
    assert!(said.err.contains("refused: the pod is being stopped"), "{said:?}");
    assert_eq!(*door.heard.lock().unwrap(), [Heard::Stopping, Heard::Drain, Heard::Undrain]);
}

#[tokio::test]
async fn the_status_is_text_for_people_and_json_for_programs() {
    let mut door = door();
    for as_json in [false, true] {
        let asked = door.client(move |name| client::status(&name, as_json));
        let Message::Status { reply } = door.message().await else { panic!("not a status") };
        reply.send(serving()).unwrap();
        let said = asked.await.unwrap();
        assert_eq!((said.exit, said.err.as_str()), (Exit::Success, ""));
        if as_json {
            let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
            assert_eq!(json["phase"], "serving");
            assert_eq!(json["about"]["sockets"], "pretended");
        } else {
            assert!(said.out.starts_with("phase"), "{}", said.out);
            assert!(said.out.contains("pretended\n"));
        }
    }
}

fn serving() -> Status {
    Status {
        phase: PhaseName::Serving,
        kind: None,
        ready: true,
        elapsed: None,
        budget_left: None,
        waiting_for: None,
        limited_by: None,
        callers: 0,
        strangers: 0,
        arrival_rate: None,
        in_flight: None,
        ports: Vec::new(),
        late_connections: 0,
        caveats: Vec::new(),
        last: None,
    }
}

#[tokio::test]
async fn a_dead_agent_costs_a_sleep_and_not_a_request() {
    let nobody = SocketName::Abstract(unique("nobody"));
    let said = client::wait(&nobody, "app", Some(Duration::from_millis(20)));
    assert_eq!((said.exit, said.out.as_str()), (Exit::Success, ""));
    assert!(said.err.contains("cannot reach lameduck at @lameduck-test"), "{}", said.err);
    assert!(said.err.ends_with("slept 0.02 s instead\n"), "{}", said.err);
    let said = client::wait(&nobody, "app", None);
    assert_eq!(said.exit, Exit::Failure);
    assert_eq!(client::stopping(&nobody).exit, Exit::Failure);
}

#[tokio::test]
async fn an_agent_that_dies_while_it_is_waited_for_costs_a_sleep() {
    let name = SocketName::Abstract(unique("dying"));
    let agent = std::os::unix::net::UnixListener::bind_addr(&name.address().unwrap()).unwrap();
    let waiting = tokio::task::spawn_blocking({
        let name = name.clone();
        move || client::wait(&name, "app", Some(Duration::from_millis(10)))
    });
    let (caller, _) = tokio::task::spawn_blocking(move || agent.accept()).await.unwrap().unwrap();
    drop(caller);
    let said = waiting.await.unwrap();
    assert_eq!(said.exit, Exit::Success);
    assert!(said.err.contains("slept"), "{}", said.err);
}

#[tokio::test]
async fn a_gone_driver_is_an_answer_that_lets_the_client_sleep() {
    let mut door = door();
    door.inbox.close();
    let waiting = door.client(|name| client::wait(&name, "app", Some(Duration::from_millis(10))));
    let said = waiting.await.unwrap();
    assert_eq!(said.exit, Exit::Success);
    assert!(said.err.contains("failed inside lameduck"), "{}", said.err);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_changes_nothing() {
    let mut door = door();
    let long = format!("lameduck/1 wait {}\n", "x".repeat(241));
    let endless = vec![b'x'; 100_000];
    let requests: [&[u8]; 8] = [
        b"\n",
        b"GET /prestop HTTP/1.1\r\n",
        b"lameduck/2 status\n",
        b"lameduck/1 wait\n",
        b"lameduck/1 drain now\n",
        b"lameduck/1 wait \xff\xfe\n",
        long.as_bytes(),
        &endless,
    ];
    for request in requests {
        let answer = door.ask(request).await;
        assert_eq!(answer["ok"], false, "{request:?}");
        assert_eq!(answer["speaks"], "lameduck/1");
    }
    assert!(door.inbox.try_recv().is_err());
    assert_eq!(*door.heard.lock().unwrap(), [Heard::Garbage; 8]);
    let longest = format!("lameduck/1 wait {}\n", "x".repeat(240));
    let mut stream = door.connect();
    stream.write_all(longest.as_bytes()).await.unwrap();
    assert!(matches!(door.message().await, Message::Call { .. }));
}

#[tokio::test]
async fn more_callers_than_places_are_told_so() {
    let mut door = door();
    let mut waiting = Vec::new();
    for _ in 0..MOST_CONNECTIONS {
        let mut stream = door.connect();
        stream.write_all(b"lameduck/1 wait app\n").await.unwrap();
        let Message::Call { reply, .. } = door.message().await else { panic!("not a call") };
        waiting.push((stream, reply));
    }
    assert!(door.ask(b"").await["because"].as_str().unwrap().contains("32 callers"));
    let (mut first, reply) = waiting.remove(0);
    reply.send(Answer::Done).unwrap();
    assert_eq!(answer(&mut first).await["ok"], true);
}

#[test]
fn only_the_agents_user_and_root_may_command() {
    assert!(admit(65532, 65532, true).is_ok());
    assert!(admit(0, 65532, true).is_ok());
    assert!(matches!(admit(1000, 65532, true), Err((Heard::Foreign, _))));
    assert!(matches!(admit(65532, 0, true), Err((Heard::Foreign, _))));
    assert!(matches!(admit(0, 65532, false), Err((Heard::Full, _))));
    // Foreigners are not told how full it is.
    assert!(matches!(admit(1000, 65532, false), Err((Heard::Foreign, _))));
}

#[tokio::test]
async fn the_own_user_is_the_one_the_kernel_reports_for_us() {
    let name = SocketName::Abstract(unique("own"));
    let bound = bind(&name).unwrap();
    let _caller = std::os::unix::net::UnixStream::connect_addr(&name.address().unwrap()).unwrap();
    let (stream, _) = bound.listener.accept().await.unwrap();
    assert_eq!(stream.peer_cred().unwrap().uid(), bound.own_user);
}

#[tokio::test]
async fn a_socket_file_is_private_and_removed_at_the_end() {
    let path = path();
    let bound = bind(&SocketName::Path(path.clone())).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(bound);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_stale_socket_file_is_replaced_and_nothing_else_is() {
    let path = path();
    let name = SocketName::Path(path.clone());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "std leaves the file behind, as a killed agent does");
    let mut door = door_at(name.clone());
    let said = door.client(|name| client::stopping(&name)).await.unwrap();
    assert_eq!(said.exit, Exit::Success, "{said:?}");
    door.message().await;

    assert_eq!(bind(&name).unwrap_err().kind(), ErrorKind::AddrInUse);
    assert!(path.exists(), "the socket of a living process was removed");
    std::fs::remove_file(&path).unwrap();

    std::fs::write(&path, "precious").unwrap();
    assert_eq!(bind(&name).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_name_in_use_is_an_error() {
    let name = SocketName::Abstract(unique("twice"));
    let _first = bind(&name).unwrap();
    assert_eq!(bind(&name).unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn every_command_is_read_as_it_is_written() {
    let wait = Command::Wait { container: "app".to_owned() };
    for command in [wait, Command::Stopping, Command::Status, Command::Drain, Command::Undrain] {
        let line = command.line();
        assert_eq!(Command::parse(line.strip_suffix('\n').unwrap()), Ok(command));
    }
}
