//! A script: numbers that stand for a pod and for what happens to it, one after the other.

use super::super::{Pod, Reply, container, helper, port, secs};
use super::watcher::{Sabotage, Watcher};
use crate::drain::*;

/// The first numbers choose the pod, each other one an event and the time until the next.
#[derive(Clone, Debug)]
pub(in crate::drain::tests) struct Script(pub(in crate::drain::tests) Vec<u32>);

impl Script {
    pub(in crate::drain::tests) fn random(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let length = random.usize(5..18);
        Self((0..length).map(|_| random.u32(..)).collect())
    }
}

/// Lives a script through to its end and checks every step.
pub(in crate::drain::tests) fn live(script: &Script, sabotage: Sabotage) -> Result<(), String> {
    let mut numbers = script.0.iter().copied();
    let mut choose = || Choice(numbers.next().unwrap_or(0));
    let plan = plan(choose(), choose());
    let mut pod = Pod::new(plan.clone());
    furnish(&mut pod, choose());
    let mut watcher = Watcher::new(plan, pod, sabotage);
    numbers.try_for_each(|number| act(&mut watcher, Choice(number)))?;
    watcher.finish()
}

/// The same life in words, up to the step that breaks a promise.
pub(super) fn tell(script: &Script) -> String {
    let mut numbers = script.0.iter().copied();
    let mut choose = || Choice(numbers.next().unwrap_or(0));
    let plan = plan(choose(), choose());
    let mut pod = Pod::new(plan.clone());
    furnish(&mut pod, choose());
    let mut watcher = Watcher::new(plan.clone(), pod, Sabotage::None);
    watcher.trace = Some(vec![format!("{plan:?}")]);
    let broken = numbers.try_for_each(|number| act(&mut watcher, Choice(number)));
    let broken = broken.and_then(|()| watcher.finish());
    format!("{}\n{broken:?}", watcher.trace.unwrap_or_default().join("\n"))
}

/// Digits are taken from a number one by one.
struct Choice(u32);

impl Choice {
    fn of(&mut self, count: u32) -> u32 {
        let digit = self.0 % count;
        self.0 /= count;
        digit
    }

    fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.of(u32::try_from(from.len()).unwrap()) as usize]
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.of(one_in) == one_in - 1
    }
}

fn plan(mut first: Choice, mut second: Choice) -> Plan {
    let grace = secs(first.one(&[6.0, 0.0, 1.0, 2.0, 4.0, 10.0]));
    let unready = first.one(&[Unready::Auto, Unready::Always, Unready::Never]);
    let propagation = secs(first.one(&[0.5, 2.0, 5.0, 40.0]));
    let app_shutdown_reserve = secs(first.one(&[1.0, 10.0]));
    let restart_drain = secs(first.one(&[5.0, 3.0, 1.0]));
    let evidence = first.one(&[Some(140.0), None]);
    let notify: &[NotifyChannel] =
        first.one(&[&[], &[NotifyChannel::Http], &[NotifyChannel::Http, NotifyChannel::File]]);
    let registries = ["consul", "nacos"][..first.of(3) as usize].iter();
    let complete = second.chance(4);
    let sources = (0..second.of(3)).map(|number| SourcePlan {
        name: format!("source {number}"),
        complete: complete && number == 0,
    });
    Plan {
        grace,
        unready,
        propagation,
        app_shutdown_reserve,
        restart_drain,
        evidence,
        notify: notify.to_vec(),
        registries: registries.map(|name| (*name).to_owned()).collect(),
        sources: sources.collect(),
        idle_wait: secs(second.one(&[1.0, 0.0])),
        stream_wait: secs(second.one(&[0.5, 2.0])),
        pinned_wait: secs(second.one(&[1.0, 0.3])),
        controller: second.chance(2),
        containers: containers(&mut second),
        ..Plan::default()
    }
}

fn containers(choice: &mut Choice) -> Vec<Container> {
    if choice.chance(2) {
        return Vec::new();
    }
    let adopted = choice.chance(4);
    let hooked = !choice.chance(6);
    let after = choice.chance(3).then(|| "app".to_owned());
    vec![
        Container { adopted, hooked, ..container("app", &[8080]) },
        Container { after, ..container("web", &[9090]) },
        Container { adopted, ..helper("db", &[5432]) },
        helper("log", &[]),
    ]
}

fn furnish(pod: &mut Pod, mut choice: Choice) {
    let protocol = choice.one(&[Protocol::Http, Protocol::Grpc, Protocol::WebSocket]);
    pod.ports = vec![
        PortCensus { protocol, ..port(8080) },
        port(9090),
        PortCensus { role: PortRole::Helper, ..port(5432) },
    ];
    listen(pod, 1);
    pod.took = secs(choice.one(&[0.005, 0.01, 0.0005, 0.05]));
    pod.notify = choice.one(&[Reply::Confirms(0.0), Reply::Fails(0.1), Reply::Confirms(1.5)]);
    pod.registry = choice.one(&[Reply::Confirms(0.1), Reply::Fails(0.5), Reply::Confirms(4.0)]);
    pod.settle = secs(choice.one(&[0.0, 0.4, 30.0]));
    pod.adopted = choice.one(&[Reply::Confirms(0.2), Reply::Never, Reply::Confirms(3.0)]);
    if choice.chance(2) {
        pod.busy_before(500);
        pod.log.clear();
    }
    if choice.chance(8) {
        pod.listeners.clear();
    }
    if choice.chance(8) {
        pod.trust = Trust::CountedOnly("counted".to_owned());
    }
}

fn listen(pod: &mut Pod, cookie: u64) {
    let serving = |port| ListenerSeen { port, cookie, role: PortRole::Serving };
    let helper = ListenerSeen { port: 5432, cookie, role: PortRole::Helper };
    pod.listeners = vec![serving(8080), serving(9090), helper];
}

/// One event, and the time until the next. Zero is nothing at all, so that scripts shrink.
fn act(watcher: &mut Watcher, mut choice: Choice) -> Result<(), String> {
    match choice.of(24) {
        0 => {}
        1..=4 => {
            let names = [Some("app"), Some("web"), None, Some("db"), Some("log"), Some("strange")];
            watcher.hook(choice.one(&names))?;
        }
        5..=6 => watcher.tell(Input::OwnHookCalled)?,
        7 => {
            let near = choice.chance(2);
            watcher.stranger(near)?;
        }
        8 => watcher.somebody_leaves(choice.0)?,
        9 if choice.chance(3) => watcher.tell(Input::TermReceived)?,
        9 => watcher.lapse(choice.one(&[0.6, 3.0]))?,
        10 => {
            let drain = choice.chance(2);
            watcher.command(drain)?;
        }
        11 => watcher.tell(Input::ControllerAnswered(word(&mut choice)))?,
        12 => {
            for _ in 0..choice.one(&[1, 4]) {
                let ready = watcher.ready;
                watcher.tell(Input::ProbeServed { ready, accepted: None })?;
                watcher.run(0.25)?;
            }
        }
        13 => {
            let report = RegistryReport::Resurrected { why: "heartbeat".to_owned() };
            watcher.tell(Input::RegistryEnded { registry: 0, wish: RegistryWish::Out, report })?;
        }
        14 => watcher.pod.app_dies(),
        15 => listen(&mut watcher.pod, u64::from(choice.of(3)) + 1),
        16 => watcher.pod.readable = !choice.chance(2),
        17 => read_sources(&mut watcher.pod, &mut choice),
        18 => watcher.pod.idle(),
        _ => traffic(&mut watcher.pod, &mut choice),
    }
    let pause = choice.one(&[0.0, 0.01, 0.3, 1.0, 0.5, 2.0, 2.5, 7.0]);
    watcher.run(pause)
}

fn word(choice: &mut Choice) -> ControllerWord {
    ControllerWord {
        deletion_grace: choice.one(&[None, None, None, Some(secs(3.0)), Some(secs(8.0))]),
        another_ready_endpoint: choice.one(&[None, Some(true), Some(false)]),
        cause: choice.one(&[None, Some(StopCause::Deletion), Some(StopCause::Kubelet)]),
    }
}

fn read_sources(pod: &mut Pod, choice: &mut Choice) {
    for source in &mut pod.sources {
        *source = match choice.of(3) {
            0 => Reading::Zero,
            1 => Reading::Busy(2),
            _ => Reading::Unknown("refused".to_owned()),
        };
    }
}

fn traffic(pod: &mut Pod, choice: &mut Choice) {
    let oldest = choice.chance(3).then(|| pod.at());
    let port = &mut pod.ports[choice.of(2) as usize];
    port.busy = choice.one(&[0, 0, 1, 3]);
    port.idle = choice.of(2);
    port.unknown = choice.one(&[0, 0, 0, 1]);
    port.backlog = choice.one(&[0, 0, 0, 1]);
    port.arrivals = choice.of(2) * 3;
    port.departures = choice.of(2);
    port.requesting = choice.of(2);
    port.progressing = choice.of(2);
    port.carried = port.idle * choice.of(2);
    pod.oldest = oldest;
    pod.ports[2].local = choice.of(2);
}
