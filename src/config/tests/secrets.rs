use super::*;
use crate::scratch::Scratch;
use std::fs;

const SECRET: &str = "S3cret-S3cret-S3cret";

struct TokenFile(Scratch);

impl TokenFile {
    fn with(content: impl AsRef<[u8]>) -> Self {
        let scratch = Scratch::new();
        fs::write(scratch.path().join("token"), content).unwrap();
        Self(scratch)
    }

    fn args(&self) -> String {
        format!("--hook-token-file {}/token", self.0.path().display())
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
    for end in ["", "\n", "\r\n"] {
        let file = TokenFile::with(format!("{SECRET}{end}"));
        assert_eq!(agent(&file.args()).hook_token, Some(Token::new(SECRET.into())));
    }
}

#[test]
fn a_token_file_that_cannot_be_used_says_why_and_not_what() {
    for (content, part) in [
        (&b"S3cret\n"[..], "it has 6 characters"),
        (b"S3cret-S3cret-S3cret\n\n", "holds a blank"),
        (b"\xff\xfe", "it is not text"),
        (b"", "it has 0 characters"),
    ] {
        let file = TokenFile::with(content);
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
