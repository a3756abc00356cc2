//! The rooms keep their rules: who may name whom, and which words a room may not contain
//! (docs/architecture.md). In one package the compiler cannot forbid these; this can.

use std::path::{Path, PathBuf};

/// Files longer than this hide a second job.
const LONGEST: usize = 450;

/// Every room with the rooms that it may name. `app`, `commands`, `cli`, `main` and the demo are
/// where rooms meet, and may name all.
const ROOMS: &[(&str, &[&str])] = &[
    ("admin", &["drain", "listen"]),
    ("config", &["drain"]),
    ("control", &["config", "drain", "driver", "render"]),
    ("drain", &[]),
    ("driver", &["drain", "inflight", "notify", "readiness", "telemetry"]),
    ("hook", &["config", "drain", "driver", "listen", "render"]),
    ("inflight", &["config", "drain", "sys"]),
    ("listen", &["sys"]),
    ("notify", &["config", "drain"]),
    ("readiness", &["drain"]),
    ("render", &["drain"]),
    ("run", &["drain", "driver", "sys"]),
    ("sys", &[]),
    ("telemetry", &["config", "drain", "sys"]),
];

/// Rooms that are named but have no rules of their own.
const MEETING_PLACES: &[&str] = &["app", "cli", "commands", "demo"];

/// Words that a room's source may not contain, and why.
const WORDS: &[(&str, &[&str], &str)] = &[
    (
        "drain",
        &[
            "tokio",
            "axum",
            "hyper",
            "hyper_util",
            "reqwest",
            "tracing",
            "prometheus_client",
            "serde_json",
            "libc",
            "jiff",
            "fastrand",
            "async",
            "await",
            "println",
            "eprintln",
        ],
        "the core is std only: facts in, wishes out",
    ),
    (
        "drain",
        &["std::env", "std::fs", "std::thread", "std::process", "Instant::now", "SystemTime"],
        "the core reads nothing: time is an argument",
    ),
    ("sys", &["tokio", "tracing"], "the audited calls know no runtime"),
    ("render", &["tracing", "reqwest"], "render turns values into text"),
    ("inflight", &["tokio", "axum", "reqwest", "tracing"], "inflight counts and never waits"),
    ("", &["process::exit"], "exit codes are chosen in main"),
];

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room is the first folder, or the file's name at the top.
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Tests may meet whom they test with.
    fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.any(|part| matches!(part, "tests" | "tests.rs" | "testing.rs" | "scratch.rs"))
    }

    /// Lines of code with their numbers: no comments, and nothing below an inline `mod tests`.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let inline_tests = |line: &&str| line.starts_with("mod tests {");
        let end = self.text.lines().position(|line| inline_tests(&line)).unwrap_or(usize::MAX);
        let lines = self.text.lines().take(end).enumerate();
        lines.map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of src") {
            let path: PathBuf = entry.expect("an entry of src").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source in UTF-8");
                let path =
                    path.strip_prefix(&root).expect("a path below src").display().to_string();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Does `line` contain `word` as a word of its own?
fn says(line: &str, word: &str) -> bool {
    let part_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part_of_a_word);
        let after = line[at + word.len()..].chars().next().is_some_and(part_of_a_word);
        !before && !after
    })
}

/// Does `line` name a room of the crate, in a path or in a group?
fn names(line: &str, room: &str) -> bool {
    let group = line.split_once("crate::{").is_some_and(|(_, group)| says(group, room));
    group || says(line, &format!("crate::{room}")) || says(line, &format!("lameduck::{room}"))
}

/// Everything that breaks a rule, with file and line.
fn broken(source: &Source) -> String {
    let mut broken = String::new();
    let room = source.room();
    let count = source.text.lines().count();
    if count > LONGEST {
        broken.push_str(&format!("src/{}: {count} lines, at most {LONGEST}\n", source.path));
    }
    for (number, line) in source.code() {
        let mut report = |what: &str, why: &str| {
            broken.push_str(&format!("src/{}:{number}: {what}: {why}\n", source.path));
        };
        if room != "sys" && says(line, "unsafe") {
            report("unsafe", "unsafe code lives in src/sys, where it is audited");
        }
        if source.is_test() {
            continue;
        }
        for (_, words, why) in WORDS.iter().filter(|(of, ..)| of.is_empty() || *of == room) {
            for word in words.iter().filter(|word| says(line, word)) {
                report(word, why);
            }
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else { continue };
        let others = ROOMS.iter().map(|(name, _)| name).chain(MEETING_PLACES);
        for other in others.filter(|other| **other != room && !allowed.contains(other)) {
            if names(line, other) {
                report(&format!("crate::{other}"), "this room may not name that one");
            }
        }
    }
    broken
}

#[test]
fn every_room_keeps_its_rules() {
    let broken: String = sources().iter().map(broken).collect();
    assert!(broken.is_empty(), "\n{broken}");
}

#[test]
fn every_folder_is_a_room_with_rules() {
    for source in sources().iter().filter(|source| source.path.contains('/')) {
        let room = source.room();
        let known = ROOMS.iter().any(|(name, _)| *name == room) || MEETING_PLACES.contains(&room);
        assert!(known, "src/{room} has no row in the table of tests/architecture.rs");
    }
}

#[test]
fn the_guard_sees_what_is_planted() {
    let plant = |path: &str, line: &str| {
        broken(&Source { path: path.to_owned(), text: format!("//! A room.\n{line}\n") })
    };
    for (path, line) in [
        ("drain/step.rs", "use crate::inflight::SocketTable;"),
        ("drain/step.rs", "let now = std::time::Instant::now();"),
        ("drain/step.rs", "tokio::spawn(later);"),
        ("drain/step.rs", "tracing::info!(\"began\");"),
        ("drain/step.rs", "let grace = std::env::var(\"GRACE\");"),
        ("hook/mod.rs", "use crate::{drain::Answer, readiness::Readiness};"),
        ("notify/mod.rs", "crate::hook::serve();"),
        ("telemetry/mod.rs", "use crate::admin::serve;"),
        ("hook/mod.rs", "use crate::app::App;"),
        ("hook/tests.rs", "unsafe { libc::getpid() };"),
        ("cli/mod.rs", "std::process::exit(1);"),
    ] {
        let found = plant(path, line);
        assert!(found.starts_with(&format!("src/{path}:2: ")), "{path} {line}: {found:?}");
    }
    let long = plant("hook/mod.rs", &"\n".repeat(LONGEST));
    assert!(long.contains("at most 450"), "{long}");
}

#[test]
fn the_guard_is_silent_about_what_is_lawful() {
    let lawful = |path: &str, line: &str| {
        broken(&Source { path: path.to_owned(), text: format!("{line}\n") })
    };
    for (path, line) in [
        ("drain/step.rs", "// Instant::now is the driver's"),
        ("drain/step.rs", "mod tests {\n    use std::env;"),
        ("drain/tests/walk.rs", "fastrand::Rng::with_seed(1);"),
        ("drain/step.rs", "let tokio_like = asynchronous;"),
        ("hook/mod.rs", "use crate::drain::Answer;"),
        ("sys/netlink.rs", "unsafe { libc::close(socket) };"),
        ("app.rs", "use crate::hook;"),
    ] {
        assert_eq!(lawful(path, line), "", "{path} {line}");
    }
}
