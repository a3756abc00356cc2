//! The termination message: what `kubectl describe pod` shows of a container that has ended.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The kubelet reads at most 4096 bytes of a container and 12 KiB of all containers of a pod,
/// cutting each to its share; half of the former survives in a pod of six containers.
const MAX_BYTES: usize = 2048;

/// Replaces the message in `path`. Only an existing file is written: Kubernetes creates it, and
/// where it is missing (a shell, a test) nobody would read it; that is no error.
///
/// # Errors
/// A text naming the path and the cause.
pub(super) fn write(path: &Path, message: &str) -> Result<(), String> {
    // Non-blocking, because a FIFO without a reader would hold the drain for ever.
    let opened = OpenOptions::new()
        .write(true)
        .truncate(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(());
        }
        Err(e) => return Err(failed(path, &e)),
    };
    file.write_all(cut(message).as_bytes()).map_err(|e| failed(path, &e))
}

fn failed(path: &Path, cause: &std::io::Error) -> String {
    format!(
        "could not write the termination message to {}: {cause}; set terminationMessagePath of \
         the container to a file that its user may write",
        path.display()
    )
}

/// At most [`MAX_BYTES`], never half a character.
fn cut(message: &str) -> &str {
    let mut end = message.len().min(MAX_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn an_existing_file_is_replaced() {
        let scratch = Scratch::new();
        let path = scratch.path().join("termination-log");
        std::fs::write(&path, "an older and longer message").unwrap();
        write(&path, "drained").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "drained");
    }

    #[test]
    fn a_missing_file_is_not_created_and_is_no_error() {
        let scratch = Scratch::new();
        let path = scratch.path().join("termination-log");
        write(&path, "drained").unwrap();
        write(&scratch.path().join("missing/termination-log"), "drained").unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn an_error_names_the_path() {
        let scratch = Scratch::new();
        let error = write(scratch.path(), "drained").unwrap_err();
        assert!(error.contains(scratch.path().to_str().unwrap()), "{error}");
    }

    #[test]
    fn a_fifo_without_a_reader_does_not_hold_the_drain() {
        let scratch = Scratch::new();
        let path = scratch.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(write(&path, "drained").is_err());
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = "ä".repeat(MAX_BYTES);
        assert_eq!(cut(&long).len(), MAX_BYTES);
        let odd = format!("x{long}");
        assert_eq!(cut(&odd).len(), MAX_BYTES - 1);
        assert_eq!(cut("short"), "short");
    }
}
