use super::*;
use std::fs;
use std::path::PathBuf;

const SECRET: &str = "S3cret-S3cret-S3cret";

/// A file of this process and test alone, removed at the end.
struct TokenFile(PathBuf);

impl TokenFile {
    fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let file = format!("lameduck-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(file);
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn args(&self) -> String {
        format!("--hook-token-file {}", self.0.display())
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

#[test]
fn a_good_token_is_never_printed() {
    let loaded = loaded(Program::Agent, &format!("--hook-token {SECRET}"), &[]).unwrap();
    assert_eq!(loaded.config.hook_token.as_ref().unwrap().expose(), SECRET);
    let printed = format!("{loaded:?} {:?}", loaded.config.effective());
    assert!(!printed.contains("S3cret"), "{printed}");
    assert!(printed.contains("(hidden)"));
}

#[test]
fn a_bad_token_is_never_printed() {
    let bad = [
        "--hook-token S3cret".to_owned(),
        format!("--hook-token {SECRET} --hook-token {SECRET}2"),
        format!("--hook-tokn {SECRET}"),
        format!("--hook-tokn={SECRET}"),
        format!("--hook-token {SECRET} --hook-token-file /x"),
        format!("--notify http://me:{SECRET}@127.0.0.1/"),
        format!("--hook-token {SECRET}ä"),
    ];
    for args in bad {
        let mistakes = refused(&args);
        let printed = format!("{mistakes} {mistakes:?}");
        assert!(!printed.contains("S3cret"), "{printed}");
    }
}

#[test]
fn an_unknown_variable_is_named_without_its_value() {
    let loaded = loaded(Program::Agent, "", &[("LAMEDUCK_HOOK_TOKN", SECRET)]).unwrap();
    assert!(!format!("{:?}", loaded.warnings).contains("S3cret"));
}

#[test]
fn a_token_file_is_read_without_its_line_end() {
    for (name, end) in [("none", ""), ("lf", "\n"), ("crlf", "\r\n")] {
        let file = TokenFile::with(name, format!("{SECRET}{end}"));
        assert_eq!(agent(&file.args()).hook_token, Some(Token::new(SECRET.into())));
    }
}

#[test]
fn a_token_file_that_cannot_be_used_says_why_and_not_what() {
    for (name, content, part) in [
        ("short", &b"S3cret\n"[..], "it has 6 characters"),
        ("two", b"S3cret-S3cret-S3cret\n\n", "holds a blank"),
        ("binary", b"\xff\xfe", "it is not text"),
        ("empty", b"", "it has 0 characters"),
    ] {
        let file = TokenFile::with(name, content);
        let shown = refused(&file.args()).to_string();
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part) && !flat.contains("S3cret"), "{shown}");
    }
    let endless = refused("--hook-token-file /dev/zero").to_string();
    assert!(endless.contains("holds a token that cannot be used"), "{endless}");
}

#[test]
fn a_token_and_a_token_file_are_one_too_many() {
    let variables = [("LAMEDUCK_HOOK_TOKEN", SECRET)];
    let mistakes = loaded(Program::Agent, "--hook-token-file /x", &variables).unwrap_err();
    assert!(mistakes.list[0].problem.starts_with("cannot be combined with hook-token"));
}
