//! The pages and manifests people copy from name only what there is.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its page fails")]

use lameduck::config::{self, Program, Setting};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Flags of other programs that the pages name.
const FOREIGN_FLAGS: &[&str] =
    &["--release", "--test", "--lib", "--nocapture", "--delete-emptydir-data", "--port"];

const MANIFESTS: [&str; 2] = ["deploy/native-sidecar.yaml", "deploy/ordinary-sidecar.yaml"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Markdown page for users, with its folder.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for folder in ["", "docs", "deploy", "charts", "tests"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        let entries = entries.map(|entry| entry.unwrap().path());
        paths.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), read(path))).collect()
}

/// Words of `text` that begin with `prefix`, as far as `is_part` goes.
fn words(text: &str, prefix: &str, is_part: impl Fn(char) -> bool) -> BTreeSet<String> {
    let inside = |at: usize| text[..at].chars().next_back().is_some_and(&is_part);
    let word = |at: usize| text[at..].split(|c| !is_part(c)).next().unwrap_or_default();
    let found = text.match_indices(prefix).filter(|(at, _)| !inside(*at));
    found.map(|(at, _)| word(at).trim_end_matches(['-', '_']).to_owned()).collect()
}

fn help() -> String {
    let commands = ["agent", "run", "hook", "status", "drain", "undrain", "explain", "version"];
    let pages = commands.map(|command| vec!["help", command]);
    pages.into_iter().chain([vec!["help"], vec!["demo", "--help"]]).map(output).collect()
}

fn output(args: Vec<&str>) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lameduck")).args(&args).output().unwrap();
    assert!(output.status.success(), "lameduck {args:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn flags(text: &str) -> BTreeSet<String> {
    let flags = words(text, "--", |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    // A row of dashes is a line, and `--` alone ends the flags.
    flags.into_iter().filter(|flag| flag.starts_with("--") && flag.len() > 3).collect()
}

#[test]
fn the_readme_shows_the_manifest_that_is_there() {
    let readme = read("README.md");
    let blocks: Vec<&str> = readme.split("```yaml\n").skip(1).collect();
    assert_eq!(blocks.len(), 1, "README.md has one manifest");
    let block = blocks[0].split("```").next().unwrap();
    assert!(block.lines().count() > 50, "the manifest is cut:\n{block}");
    assert!(read(MANIFESTS[0]).contains(block), "{} has no such part:\n{block}", MANIFESTS[0]);
}

#[test]
fn every_variable_that_is_named_is_a_setting() {
    // Of the tests, and what Kubernetes makes for a Service of our name.
    let others = ["LAMEDUCK_BIN", "LAMEDUCK_PORT"];
    let manifests = MANIFESTS.map(|path| (path.into(), read(path)));
    let mut checked = 0;
    for (path, text) in pages().into_iter().chain(manifests) {
        for name in words(&text, config::PREFIX, |c| c.is_ascii_uppercase() || c == '_') {
            let known = Setting::spelled(&name).is_some() || others.contains(&name.as_str());
            assert!(known, "{}: {name} is no setting", path.display());
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} variables were found");
}

#[test]
fn every_flag_that_is_named_exists() {
    let mut known = flags(&help());
    known.extend(flags(&read("xtask/src/main.rs")));
    known.extend(FOREIGN_FLAGS.iter().map(|flag| (*flag).to_owned()));
    let mut checked = 0;
    for (path, text) in pages() {
        for flag in flags(&text) {
            assert!(known.contains(&flag), "{}: there is no {flag}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} flags were found");
}

#[test]
fn every_room_has_its_row_on_the_map_and_a_place_in_the_library() {
    let (map, library) = (read("docs/architecture.md"), read("src/lib.rs"));
    for entry in std::fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let room = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            assert!(map.contains(&format!("\n| `{room}` |")), "docs/architecture.md: {room}");
            assert!(library.contains(&format!("[`{room}`]")), "src/lib.rs: {room}");
        }
    }
}

#[test]
fn every_link_leads_to_a_file() {
    let mut checked = 0;
    for (path, text) in pages() {
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(to.exists(), "{}: {link} leads nowhere", path.display());
            if !anchor.is_empty() {
                let there = headings(&read(to)).contains(anchor);
                assert!(there, "{}: {link} has no such heading", path.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} links were found");
}

/// Anchors, as they are made of headings.
fn headings(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: char| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    headings
        .map(|line| line.trim_start_matches('#').trim().chars().filter_map(kept).collect())
        .collect()
}

/// `name: NAME` followed by `value: VALUE` is how a manifest sets a variable.
fn variables(manifest: &str) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let mut name = None;
    for line in manifest.lines().map(str::trim) {
        if let Some(found) = line.strip_prefix("- name: ") {
            name = found.starts_with(config::PREFIX).then(|| found.to_owned());
        } else if let (Some(value), Some(name)) = (line.strip_prefix("value: "), &name) {
            variables.push((name.clone(), value.to_owned()));
        }
    }
    variables
}

#[test]
fn the_agent_takes_the_settings_of_the_manifests_without_a_warning() {
    for path in MANIFESTS {
        let manifest = read(path);
        let token = value_of(&manifest, "token: ");
        let mut given = variables(&manifest);
        assert!(given.len() > 1, "{path}: {given:?}");
        given.push(("LAMEDUCK_HOOK_TOKEN".to_owned(), token));
        let given = given.into_iter().map(|(name, value)| (name.into(), value.into()));
        let loaded = config::load(Program::Agent, [], given).unwrap_or_else(|e| panic!("{e}"));
        assert!(loaded.warnings.is_empty(), "{path}: {:?}", loaded.warnings);
        let pod = value_of(&manifest, "terminationGracePeriodSeconds: ");
        assert_eq!(pod, loaded.config.plan.grace.as_secs().to_string(), "{path}: the grace");
        let ports = manifest.matches(&format!("port: {}\n", loaded.config.hook_port)).count();
        assert_eq!(ports, 4, "{path}: two hooks and two probes ask the hook port");
    }
}

#[test]
fn every_hook_and_probe_of_the_manifests_carries_the_token() {
    for path in MANIFESTS {
        let manifest = read(path);
        let token = value_of(&manifest, "token: ");
        let value = format!("value: {token}");
        let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
        let headers = lines.windows(2).filter(|pair| *pair == ["- name: Lameduck-Token", &value]);
        assert_eq!(headers.count(), 4, "{path}");
        assert_eq!(manifest.matches("httpGet:").count(), 4, "{path}");
    }
}

fn value_of(manifest: &str, key: &str) -> String {
    let line = manifest.lines().map(str::trim).find_map(|line| line.strip_prefix(key));
    line.unwrap_or_else(|| panic!("no {key}")).to_owned()
}
