use super::*;
use crate::config::NotifyConfig;
use crate::drain::{
    Census, LimitedBy, ListenerSeen, Outcome, PhaseName, PortCensus, PortRole, Protocol, Summary,
    Trust, Unready,
};
use crate::inflight::Unreadable;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

/// What the fake sockets do, and what was asked of them.
#[derive(Default)]
struct Sockets {
    watches: u32,
    looks: u32,
    censuses: u32,
    kept_up: u32,
    took: Duration,
    busy: u32,
    broken: bool,
    panics: bool,
}

#[derive(Clone, Default)]
struct Fake(Rc<RefCell<Sockets>>);

const LISTENER: ListenerSeen = ListenerSeen { port: 8080, cookie: 1, role: PortRole::Serving };

impl Fake {
    fn asked(&self) -> std::cell::RefMut<'_, Sockets> {
        self.0.borrow_mut()
    }

    fn readable(&self) -> Result<(), Unreadable> {
        let panics = self.asked().panics;
        assert!(!panics, "a bug in the census");
        let broken = self.asked().broken;
        if broken { Err(Unreadable("refused by a policy".to_owned())) } else { Ok(()) }
    }
}

impl SocketTable for Fake {
    fn look(&mut self, _: Instant) -> Result<Duration, Unreadable> {
        self.asked().looks += 1;
        self.readable()?;
        Ok(self.asked().took)
    }

    fn begin_watch(&mut self, _: Instant) -> Result<(), Unreadable> {
        self.asked().watches += 1;
        self.readable()
    }

    fn end_watch(&mut self) {}

    fn census(&mut self, now: Instant, _: Option<IpAddr>) -> Result<Census, Unreadable> {
        self.asked().censuses += 1;
        self.readable()?;
        let busy = self.asked().busy;
        let protocol = Protocol::Http;
        Ok(Census {
            began: now,
            took: self.asked().took,
            trust: Trust::Judged,
            ports: vec![PortCensus { port: 8080, protocol, busy, ..PortCensus::default() }],
            listeners: vec![LISTENER],
            events_lost: false,
        })
    }

    fn keep_up(&mut self, _: Option<IpAddr>) {
        self.asked().kept_up += 1;
    }

    fn listeners(&mut self, _: Instant) -> Result<Vec<ListenerSeen>, Unreadable> {
        self.readable()?;
        Ok(vec![LISTENER])
    }

    fn accepted(&mut self) -> Option<u64> {
        None
    }

    fn describe(&self) -> String {
        "pretended".to_owned()
    }
}

struct Rig {
    sockets: Fake,
    handle: Handle,
    metrics: Arc<Metrics>,
}

impl Rig {
    /// Runs the driver beside the test, in one task: the fake belongs to one thread.
    async fn run<F: Future<Output = ()>>(plan: Plan, test: impl FnOnce(Self) -> F) {
        let (sockets, metrics) = (Fake::default(), Arc::new(Metrics::new(&[])));
        let edges = Edges {
            sockets: Box::new(sockets.clone()),
            readiness: Readiness::default(),
            notifier: Arc::new(Notifier::new(NotifyConfig::default())),
            journal: Arc::new(Journal::new(Arc::clone(&metrics), None)),
            metrics: Arc::clone(&metrics),
            prober: Prober::default(),
            own_accepted: Box::new(|| 0),
        };
        let (driver, handle) = Driver::new(plan, edges);
        let rig = Self { sockets, handle, metrics };
        tokio::select! {
            () = test(rig) => {}
            () = driver.run() => panic!("the driver left"),
        }
    }

    async fn hook(&self) -> Answer {
        let called = |caller| Input::HookCalled { caller, container: Some("app".to_owned()) };
        self.handle.call(called).await.expect("the driver answers")
    }

    /// A pod stop: both hooks.
    async fn stop(&self) -> Answer {
        let (answer, ()) = tokio::join!(biased; self.hook(), async {
            self.handle.tell(Input::OwnHookCalled);
        });
        answer
    }

    async fn summary(&self) -> Arc<Summary> {
        match self.stop().await {
            Answer::Ended(summary) => summary,
            other => panic!("no summary but {other:?}"),
        }
    }

    fn failures(&self, part: &str) -> bool {
        let series = format!("lameduck_own_failures_total{{part=\"{part}\"}} ");
        let text = self.metrics.encode();
        text.lines().filter_map(|line| line.strip_prefix(&series)).any(|count| count != "0")
    }
}

fn plan() -> Plan {
    Plan { propagation: Duration::from_secs(3), ..Plan::default() }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_watched_once_and_looked_at_until_it_is_over() {
    Rig::run(plan(), |rig| async move {
        let summary = rig.summary().await;
        assert_eq!(summary.outcome, Outcome::Drained);
        assert!(summary.total >= Duration::from_secs(3));
        let censuses = rig.sockets.asked().censuses;
        let kept_up = rig.sockets.asked().kept_up;
        // 100 ms apart, and 20 ms just before the verdict.
        assert!((30..100).contains(&censuses), "{censuses}");
        assert!(kept_up >= 60, "events of the kernel are lost: {kept_up}");
        pass(3600).await;
        let asked = rig.sockets.asked();
        assert_eq!((asked.watches, asked.censuses), (1, censuses));
        assert!(asked.kept_up <= kept_up + 1, "an agent without a drain wakes up");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn sockets_that_cannot_be_read_are_unknown_until_the_deadline() {
    Rig::run(plan(), |rig| async move {
        rig.sockets.asked().broken = true;
        let summary = rig.summary().await;
        assert_eq!(summary.outcome, Outcome::Deadline);
        assert_eq!((summary.in_flight_at_start, summary.in_flight_at_end), (None, None));
        assert!(summary.waiting_for.as_ref().unwrap().contains("refused by a policy"));
        assert_eq!(Some(summary.total), summary.budget);
        assert!(rig.failures("census"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_goes_on_when_the_sockets_are_readable_again() {
    Rig::run(plan(), |rig| async move {
        rig.sockets.asked().broken = true;
        let (summary, ()) = tokio::join!(rig.summary(), async {
            pass(5).await;
            rig.sockets.asked().broken = false;
        });
        assert_eq!(summary.outcome, Outcome::Drained);
        assert!(summary.total >= Duration::from_secs(5));
        assert!(summary.caveats.iter().any(|caveat| caveat.contains("refused by a policy")));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_census_costs_neither_the_answer_nor_the_driver() {
    Rig::run(plan(), |rig| async move {
        rig.sockets.asked().panics = true;
        let summary = rig.summary().await;
        assert_eq!(summary.outcome, Outcome::Deadline, "a panic is unknown, not zero");
        assert!(rig.failures("panic"));
        let status = rig.handle.status().await.expect("the driver lives");
        assert_eq!(status.phase, PhaseName::Ended);
    })
    .await;
}

/// A silence that no clock can hold makes the core overflow at its first verdict.
fn poisoned() -> Plan {
    Plan { quiet_period: Duration::MAX, ..plan() }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_core_holds_the_hook_for_the_propagation_delay() {
    Rig::run(poisoned(), |rig| async move {
        let began = now();
        let (first, second) = tokio::join!(rig.stop(), async {
            pass(1).await;
            rig.hook().await
        });
        for answer in [first, second] {
            assert!(matches!(answer, Answer::Nothing { because } if because.contains("failed")));
        }
        assert_eq!(now() - began, Duration::from_secs(4), "each is held for three seconds");
        assert!(rig.failures("panic"));
        assert!(rig.handle.status().await.is_none());
        let drain = rig.handle.call(|caller| Input::DrainRequested { caller }).await;
        assert!(matches!(drain, Some(Answer::Nothing { .. })));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_core_leaves_with_sigterm_when_nobody_waits() {
    let (sockets, metrics) = (Fake::default(), Arc::new(Metrics::new(&[])));
    let edges = Edges {
        sockets: Box::new(sockets),
        readiness: Readiness::default(),
        notifier: Arc::new(Notifier::new(NotifyConfig::default())),
        journal: Arc::new(Journal::new(Arc::clone(&metrics), None)),
        metrics,
        prober: Prober::default(),
        own_accepted: Box::new(|| 0),
    };
    let (driver, handle) = Driver::new(poisoned(), edges);
    let called = handle.call(|caller| Input::HookCalled { caller, container: None });
    let (answer, ()) = tokio::join!(
        biased;
        async {
            let answer = called.await;
            handle.tell(Input::TermReceived);
            answer
        },
        driver.run()
    );
    assert!(matches!(answer, Some(Answer::Nothing { .. })));
}

#[tokio::test(start_paused = true)]
async fn every_caller_is_answered_and_one_that_left_is_not_missed() {
    Rig::run(plan(), |rig| async move {
        let stop = rig.stop();
        let left = async {
            tokio::time::timeout(Duration::from_secs(1), rig.hook()).await.unwrap_err();
        };
        let many = async { tokio::join!(rig.hook(), rig.hook(), rig.hook()) };
        let (first, (), (a, b, c)) = tokio::join!(stop, left, many);
        for answer in [a, b, c] {
            assert_eq!(answer, first);
        }
        assert_eq!(rig.handle.status().await.unwrap().callers, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_status_counts_down() {
    Rig::run(Plan { unready: Unready::Never, ..plan() }, |rig| async move {
        rig.sockets.asked().busy = 2;
        let (summary, ()) = tokio::join!(rig.summary(), async {
            pass(10).await;
            let status = rig.handle.status().await.unwrap();
            assert_eq!((status.callers, status.phase), (1, PhaseName::Emptying));
            assert_eq!(status.budget_left, Some(Duration::from_secs(9)));
            assert_eq!(status.in_flight.unwrap().busy, 2);
            assert!(status.waiting_for.unwrap().starts_with("2 busy on port 8080"));
        });
        assert_eq!(
            (summary.outcome, summary.limited_by),
            (Outcome::Deadline, LimitedBy::GracePeriod)
        );
        assert_eq!(summary.total, Duration::from_secs(19));
    })
    .await;
}

/// Looks in five minutes in which the kubelet probes every two seconds.
async fn looks(took: Duration, broken: bool) -> u32 {
    let counted = Rc::new(RefCell::new(0));
    let result = counted.clone();
    Rig::run(plan(), |rig| async move {
        rig.sockets.asked().took = took;
        rig.sockets.asked().broken = broken;
        for _ in 0..150 {
            rig.handle.probed(true, IpAddr::from([10, 0, 0, 1]));
            pass(2).await;
        }
        *result.borrow_mut() = rig.sockets.asked().looks;
    })
    .await;
    counted.take()
}

#[tokio::test(start_paused = true)]
async fn a_probe_pays_for_a_look_now_and_then_and_a_dear_one_less_often() {
    // The first probe at least five seconds after the last look is every third.
    assert_eq!(looks(Duration::from_micros(300), false).await, 50);
    assert_eq!(looks(Duration::from_millis(5), false).await, 5);
    assert_eq!(looks(Duration::ZERO, true).await, 5);
}

#[tokio::test(start_paused = true)]
async fn without_a_probe_the_sockets_are_left_alone() {
    Rig::run(plan(), |rig| async move {
        pass(3600).await;
        let asked = rig.sockets.asked();
        assert_eq!((asked.looks, asked.censuses, asked.kept_up), (0, 0, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_makes_its_own_looks() {
    Rig::run(plan(), |rig| async move {
        rig.sockets.asked().busy = 1;
        let ((), _) = tokio::join!(
            async {
                pass(1).await;
                for _ in 0..10 {
                    rig.handle.probed(true, IpAddr::from([10, 0, 0, 1]));
                    rig.handle.tick();
                    pass(1).await;
                }
                assert_eq!(rig.sockets.asked().looks, 0);
            },
            rig.summary()
        );
    })
    .await;
}
