use super::Problem;
use crate::config::Token;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Shorter ones can be guessed over the network within the life of a pod.
const SHORTEST: usize = 16;
const LONGEST: usize = 256;

/// Visible ASCII, because the token travels in an HTTP header. A problem never quotes it.
pub(in crate::config) fn token(text: &str) -> Result<Token, Problem> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::new("holds a blank or a character that is not visible ASCII"));
    }
    if !(SHORTEST..=LONGEST).contains(&text.len()) {
        return Err(Problem::new(format!("has {} characters", text.len())));
    }
    Ok(Token::new(text.to_owned()))
}

/// Reads the token once. A trailing line end is what editors and `echo` leave behind.
pub(in crate::config) fn token_file(path: &Path) -> Result<Token, Problem> {
    let unreadable = |error| Problem::new(format!("cannot be read: {error}"));
    let mut text = Vec::new();
    // Non-blocking, because a FIFO without a writer would hold the start for ever.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path).map_err(unreadable)?;
    // Bounded, so that a wrong path such as a device cannot fill the memory.
    file.take(4096).read_to_end(&mut text).map_err(unreadable)?;
    let text = String::from_utf8(text)
        .map_err(|_| Problem::new("does not hold a token: it is not text"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    token(text).map_err(|problem| {
        Problem::new(format!(
            "holds a token that cannot be used: it {}; it needs {SHORTEST} to {LONGEST} visible \
             ASCII characters",
            problem.what
        ))
    })
}
