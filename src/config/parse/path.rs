use super::Problem;
use std::path::PathBuf;

/// `sun_path` has 108 bytes, the last of which ends the text.
const LONGEST_SOCKET_PATH: usize = 107;

/// A path from the root: the working directory of a container is nobody's choice.
pub(in crate::config) fn absolute_path(text: &str) -> Result<PathBuf, Problem> {
    if text.is_empty() {
        return Err(Problem::new("is empty"));
    }
    if text.contains('\0') {
        return Err(Problem::new("contains a NUL, which no path can"));
    }
    if !text.starts_with('/') {
        return Err(Problem::new("is not an absolute path"));
    }
    if text.ends_with('/') {
        return Err(Problem::new("is a directory, not a file"));
    }
    Ok(PathBuf::from(text))
}

pub(in crate::config) fn socket_path(text: &str) -> Result<PathBuf, Problem> {
    let path = absolute_path(text)?;
    if text.len() > LONGEST_SOCKET_PATH {
        return Err(Problem::new(format!(
            "has {} bytes, and the path of a Unix socket at most {LONGEST_SOCKET_PATH}",
            text.len()
        )));
    }
    Ok(path)
}
