use super::{Group, Kind, Program, Setting};

const AGENT: &[Program] = &[Program::Agent];
const BOTH: &[Program] = &[Program::Agent, Program::Run];
const ALL: &[Program] = &[Program::Agent, Program::Run, Program::Client];

const DURATION: &str = "a duration up to 168h, such as 30s, 1m30s, 500ms, or bare seconds";

/// Every setting, in the order of the help pages.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "grace-period",
        group: Group::Budget,
        kind: Kind::Duration,
        default: "30s",
        default_for_run: None,
        allowed: DURATION,
        summary: "from the stop to SIGKILL: terminationGracePeriodSeconds",
        explanation: "In a pod this must equal terminationGracePeriodSeconds: its countdown \
            starts before the preStop hooks run, so the drain and the application's own shutdown \
            share it.\n\n`lameduck run` sends SIGKILL itself, this long after the first SIGTERM.",
        example: "60s",
        programs: BOTH,
    },
    Setting {
        name: "app-shutdown-reserve",
        group: Group::Budget,
        kind: Kind::Duration,
        default: "10s",
        default_for_run: None,
        allowed: DURATION,
        summary: "kept for the application's own shutdown after SIGTERM",
        explanation: "The drain may use grace-period, less this reserve, less 1s. Never more \
            than half of grace-period is kept.",
        example: "5s",
        programs: BOTH,
    },
    Setting {
        name: "restart-drain",
        group: Group::Budget,
        kind: Kind::Duration,
        default: "5s",
        default_for_run: None,
        allowed: DURATION,
        summary: "the longest drain while only a container restarts",
        explanation: "A failed liveness probe runs the preStop hook of one container and the pod \
            stays. Until a pod stop is known, a drain is answered after this time, because a \
            broken container should not be waited for. It is cut to what the drain may use.",
        example: "3s",
        programs: AGENT,
    },
    Setting {
        name: "kubelet-stop-cap",
        group: Group::Budget,
        kind: Kind::Duration,
        default: "15s",
        default_for_run: None,
        allowed: DURATION,
        summary: "the grace assumed when the kubelet itself stops the pod",
        explanation: "Eviction under pressure and node shutdown grant less than the pod's grace \
            period. They also stop the readiness probes, which a deletion does not: when the \
            agent's own probes stay away after a stop, this takes the place of grace-period.",
        example: "20s",
        programs: AGENT,
    },
    Setting {
        name: "propagation",
        group: Group::Lists,
        kind: Kind::DurationOr(&[
            "auto",
            "clusterip",
            "mesh",
            "ingress",
            "headless",
            "dns",
            "alb",
            "gclb",
            "nlb",
        ]),
        default: "auto",
        default_for_run: None,
        allowed: "auto, clusterip, mesh, ingress, headless, dns, alb, gclb, nlb, or a duration",
        summary: "how long the slowest list takes to forget the pod (p99)",
        explanation: "A name stands for a usual delay: clusterip and mesh 5s, ingress 15s, \
            headless, dns and alb 30s, gclb 60s, nlb 180s; auto is 15s, as for ingress.\n\nA busy \
            pod is not held this long: silence on new connections proves earlier that the lists \
            have changed (evidence). A quiet pod has no such proof and waits.",
        example: "alb",
        programs: BOTH,
    },
    Setting {
        name: "quiet-period",
        group: Group::Lists,
        kind: Kind::Duration,
        default: "500ms",
        default_for_run: None,
        allowed: DURATION,
        summary: "the shortest silence on new connections that counts",
        explanation: "However busy the pod was, no new connection may have come for at least \
            this long before the pod counts as off the lists.",
        example: "1s",
        programs: BOTH,
    },
    Setting {
        name: "evidence",
        group: Group::Lists,
        kind: Kind::NumberOr(&["off"]),
        default: "140",
        default_for_run: None,
        allowed: "a number of connections from 1 to 100000, or off",
        summary: "expected new connections whose absence proves silence",
        explanation: "At 100 new connections a second before the stop, 1.4s of silence are 140 \
            connections that did not come. A smaller number ends drains sooner and trusts a \
            list with few clients less; off always waits for propagation.",
        example: "300",
        programs: BOTH,
    },
    Setting {
        name: "unready",
        group: Group::Lists,
        kind: Kind::Choice(&["auto", "always", "never"]),
        default: "auto",
        default_for_run: None,
        allowed: "auto, always or never",
        summary: "when the agent's readiness probe begins to fail",
        explanation: "A deletion alone already takes the pod off most lists, and a pod that is \
            unready as well refuses late connections when it is the last endpoint. auto waits \
            until new connections have stopped or the lists must have changed; when only a \
            container restarts it is unready as soon as that is clear. always is unready at \
            once. never leaves readiness alone.",
        example: "always",
        programs: AGENT,
    },
    Setting {
        name: "registries",
        group: Group::Lists,
        kind: Kind::ListOr(&["none"]),
        default: "none",
        default_for_run: None,
        allowed: "none",
        summary: "service registries to leave (none is supported yet)",
        explanation: "Reserved for registries such as Consul or Eureka. This version supports \
            none and refuses any name, so that nobody believes an instance was taken out that \
            was not.",
        example: "none",
        programs: BOTH,
    },
    Setting {
        name: "app-probes",
        group: Group::Lists,
        kind: Kind::ListOr(&["auto"]),
        default: "auto",
        default_for_run: None,
        allowed: "auto, or a list PORT/PERIOD such as 8080/1s,9090/10s",
        summary: "the kubelet's probes of the application, not to be taken for traffic",
        explanation: "Each probe opens a connection. Name the ports the kubelet probes and how \
            often; add the frequencies where two probes share a port. auto discounts up to one \
            new connection per second and port from the address that probes the agent.",
        example: "8080/5s",
        programs: AGENT,
    },
    Setting {
        name: "local-arrivals",
        group: Group::Lists,
        kind: Kind::Choice(&["ignore", "count"]),
        default: "ignore",
        default_for_run: Some("count"),
        allowed: "ignore or count",
        summary: "whether new connections from inside the pod or host are traffic",
        explanation: "Connections from loopback or from an own address. In a pod they come from \
            helpers and sidecars, and no list explains them. On a host they may be a local proxy \
            with all the clients behind it.",
        example: "count",
        programs: BOTH,
    },
    Setting {
        name: "ports",
        group: Group::Work,
        kind: Kind::ListOr(&["auto"]),
        default: "auto",
        default_for_run: None,
        allowed: "auto, or a list PORT/PROTOCOL such as 8080/http,9090/grpc",
        summary: "the ports that serve traffic, and what they speak",
        explanation: "auto takes what listens when the drain begins, without loopback-only \
            listeners, lameduck's own and well-known mesh and exporter ports; `lameduck run` \
            takes what the command's processes listen on. With host networking ports must be \
            named.\n\nProtocols: http, https, h2, h2c, grpc, ws, wss, sse, stream, tcp, auto. \
            A port without one is judged as HTTP/1 that may be TLS, which is the careful \
            reading.",
        example: "8080/http,9090/grpc",
        programs: BOTH,
    },
    Setting {
        name: "exclude-ports",
        group: Group::Work,
        kind: Kind::ListOr(&["none"]),
        default: "none",
        default_for_run: None,
        allowed: "none, or a list of ports such as 9000,9001",
        summary: "listening ports that are nobody's traffic",
        explanation: "Left out where ports is auto: an admin page, an exporter, a debug port.",
        example: "9102,9103",
        programs: BOTH,
    },
    Setting {
        name: "containers",
        group: Group::Work,
        kind: Kind::ListOr(&["none"]),
        default: "none",
        default_for_run: None,
        allowed: "none, or a list such as app=8080/http+9090/grpc,db=helper+5432,log=helper:nohook",
        summary: "the containers of the pod: what they serve, who only helps",
        explanation: "NAME=PORT/PROTOCOL+PORT/PROTOCOL is a serving container and its ports; \
            NAME alone serves whatever listens. NAME=helper is let go only when nobody in the pod \
            needs it any more (a database proxy, a log shipper); helper+5432 names its ports. \
            :nohook at the end says that the kubelet does not call /prestop for it.\n\nnone: \
            every container that calls serves, owns all serving ports and is hooked.",
        example: "app=8080/http,db=helper+5432",
        programs: AGENT,
    },
    Setting {
        name: "inflight",
        group: Group::Work,
        kind: Kind::Choice(&["kernel", "proc-net"]),
        default: "kernel",
        default_for_run: None,
        allowed: "kernel or proc-net",
        summary: "where work in flight is read",
        explanation: "kernel asks the kernel's socket diagnostics, which tell a busy connection \
            from an idle one, and falls back to proc-net where they are refused. proc-net reads \
            /proc/net/tcp, which can count connections and not judge them. Sources inside the \
            application are not supported yet.",
        example: "proc-net",
        programs: BOTH,
    },
    Setting {
        name: "quiet-h2",
        group: Group::Work,
        kind: Kind::Duration,
        default: "5s",
        default_for_run: None,
        allowed: DURATION,
        summary: "silence after which an h2, gRPC or stream connection is idle",
        explanation: "On HTTP/2 many requests share a connection, so the kernel cannot see where \
            one ends: only a connection that has been silent for this long counts as idle.",
        example: "10s",
        programs: BOTH,
    },
    Setting {
        name: "stream-wait",
        group: Group::Work,
        kind: Kind::Duration,
        default: "10s",
        default_for_run: None,
        allowed: DURATION,
        summary: "how long WebSockets and streams hold a drain",
        explanation: "Counted from the moment the pod is off the lists. Afterwards their \
            connections are left to the application's own shutdown.",
        example: "30s",
        programs: BOTH,
    },
    Setting {
        name: "pinned-wait",
        group: Group::Work,
        kind: Kind::Duration,
        default: "2s",
        default_for_run: None,
        allowed: DURATION,
        summary: "when busy keep-alive connections that never leave are given up",
        explanation: "A client that keeps sending on a pooled connection will not go by itself. \
            When for this long only such connections are left, the hook is answered and the \
            application's own shutdown ends them; the outcome names the peers.",
        example: "5s",
        programs: BOTH,
    },
    Setting {
        name: "notify",
        group: Group::Notify,
        kind: Kind::UrlOr(&["off"]),
        default: "off",
        default_for_run: None,
        allowed: "off, or http://127.0.0.1:PORT/PATH (also [::1] and localhost)",
        summary: "a local address that is told the phase by POST",
        explanation: "The application gets the phase (withdrawing, delisted, serving) as JSON \
            and can stop pulling messages and answer with Connection: close, which moves its \
            clients away without losing a request.\n\nOnly a loopback host is accepted: the \
            application shares the network namespace, and a call that leaves it would tell \
            somebody else.",
        example: "http://127.0.0.1:8080/drain",
        programs: BOTH,
    },
    Setting {
        name: "notify-file",
        group: Group::Notify,
        kind: Kind::PathOr(&["off"]),
        default: "off",
        default_for_run: None,
        allowed: "off, or an absolute path",
        summary: "a file that holds the phase and is absent while serving",
        explanation: "For servers that can test for a file, such as nginx. It is removed at \
            start. In a pod both containers must see it, on a shared volume.",
        example: "/run/lameduck/phase",
        programs: BOTH,
    },
    Setting {
        name: "idle-wait",
        group: Group::Notify,
        kind: Kind::DurationOr(&["auto"]),
        default: "auto",
        default_for_run: None,
        allowed: "auto, or a duration such as 5s",
        summary: "how long idle connections may take to close after a notify",
        explanation: "Once told, the application closes connections when they are next used; a \
            client that pauses would be cut off in between. auto is 5s with notify or \
            notify-file and 0s without, because nobody closes idle connections who was not told.",
        example: "8s",
        programs: BOTH,
    },
    Setting {
        name: "hook-port",
        group: Group::Doors,
        kind: Kind::Port,
        default: "9797",
        default_for_run: None,
        allowed: "a port from 1 to 65535, or 0 for any free one",
        summary: "port of /prestop, /stopping and /readyz",
        explanation: "Write it as a number in the pod's manifest: a named port is only found \
            among the ports of the same container. It also names the local socket. `lameduck \
            run` opens no hook listener and only uses the name.",
        example: "9797",
        programs: ALL,
    },
    Setting {
        name: "hook-token",
        group: Group::Doors,
        kind: Kind::SecretOr(&["none"]),
        default: "none",
        default_for_run: None,
        allowed: "none, or 16 to 256 visible ASCII characters",
        summary: "what a hook call must carry in the header Lameduck-Token",
        explanation: "Whatever reaches the pod's address can send GET /prestop; with a token a \
            call counts as the kubelet's. Without one a call changes nothing. Prefer the \
            environment variable or hook-token-file: a flag is visible to every process of the \
            pod. The value is never printed.",
        example: "correct-horse-battery",
        programs: AGENT,
    },
    Setting {
        name: "hook-token-file",
        group: Group::Doors,
        kind: Kind::PathOr(&["none"]),
        default: "none",
        default_for_run: None,
        allowed: "none, or an absolute path",
        summary: "a file with the token, read once at start",
        explanation: "A line end after the token is ignored. It cannot be combined with \
            hook-token.",
        example: "/run/secrets/lameduck/token",
        programs: AGENT,
    },
    Setting {
        name: "metrics-port",
        group: Group::Doors,
        kind: Kind::PortOr(&["off"]),
        default: "9798",
        default_for_run: Some("off"),
        allowed: "off, a port from 1 to 65535, or 0 for any free one",
        summary: "port of /metrics",
        explanation: "Prometheus text, without any right to change the drain.",
        example: "off",
        programs: BOTH,
    },
    Setting {
        name: "socket",
        group: Group::Doors,
        kind: Kind::PathOr(&["auto", "off"]),
        default: "auto",
        default_for_run: Some("off"),
        allowed: "auto, off, or an absolute path of at most 107 bytes",
        summary: "local socket of hook, status, drain and undrain",
        explanation: "auto is the abstract socket lameduck-<hook-port>, which needs no volume: \
            it lives in the network namespace, so every container of the pod reaches it and \
            nobody else. On a host that namespace is everybody's, hence off for `lameduck run`.",
        example: "/run/lameduck/socket",
        programs: ALL,
    },
    Setting {
        name: "log-level",
        group: Group::Reports,
        kind: Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
        default: "info",
        default_for_run: None,
        allowed: "error, warn, info, debug or trace",
        summary: "how much is logged",
        explanation: "info has one line per phase and one summary per drain; debug adds every \
            action, trace every look at the sockets.",
        example: "debug",
        programs: BOTH,
    },
    Setting {
        name: "log-format",
        group: Group::Reports,
        kind: Kind::Choice(&["auto", "text", "json"]),
        default: "auto",
        default_for_run: None,
        allowed: "auto, text or json",
        summary: "how log lines are written",
        explanation: "auto writes text to a terminal and JSON elsewhere.",
        example: "json",
        programs: BOTH,
    },
    Setting {
        name: "termination-log",
        group: Group::Reports,
        kind: Kind::PathOr(&["off"]),
        default: "/dev/termination-log",
        default_for_run: Some("off"),
        allowed: "off, or an absolute path",
        summary: "where the last drain's summary is left for kubectl describe",
        explanation: "Must equal the container's terminationMessagePath. The kubelet shows the \
            first 4096 bytes.",
        example: "off",
        programs: BOTH,
    },
];
