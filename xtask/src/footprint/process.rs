//! What the kernel says of a process.

use std::path::Path;
use std::time::Duration;

/// Memory of a process, in KiB.
pub(super) struct Usage {
    pub(super) resident_kib: u64,
    pub(super) peak_kib: u64,
    /// What no other process shares: heap, stacks and written data.
    pub(super) private_kib: u64,
}

pub(super) fn usage(pid: u32) -> Result<Usage, String> {
    let status = read(Path::new(&format!("/proc/{pid}/status")))?;
    Ok(Usage {
        resident_kib: field(&status, "VmRSS:")?,
        peak_kib: field(&status, "VmHWM:")?,
        private_kib: field(&status, "RssAnon:")?,
    })
}

/// How often any of its threads went to sleep and was woken.
pub(super) fn wake_ups(pid: u32) -> Result<u64, String> {
    over_threads(pid, |task| {
        let status = read(&task.join("status"))?;
        field(&status, "voluntary_ctxt_switches:")
    })
}

/// Time on a processor, of all threads.
pub(super) fn processor_time(pid: u32) -> Result<Duration, String> {
    let nanoseconds = over_threads(pid, |task| {
        let said = read(&task.join("schedstat"))?;
        let first = said.split_whitespace().next().and_then(|word| word.parse().ok());
        first.ok_or_else(|| format!("{} says {said:?}", task.display()))
    })?;
    Ok(Duration::from_nanos(nanoseconds))
}

fn over_threads(
    pid: u32,
    mut each: impl FnMut(&Path) -> Result<u64, String>,
) -> Result<u64, String> {
    let folder = format!("/proc/{pid}/task");
    let tasks = std::fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    tasks.filter_map(Result::ok).map(|task| each(&task.path())).sum()
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The number on the line that begins with `name`.
fn field(status: &str, name: &str) -> Result<u64, String> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| format!("/proc/…/status has no number {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_the_beginning_of_its_line() {
        let status = "nonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t42\nVmRSS:\t12 kB";
        assert_eq!(field(status, "voluntary_ctxt_switches:"), Ok(42));
        assert_eq!(field(status, "VmRSS:"), Ok(12));
        assert!(field(status, "VmHWM:").is_err());
    }
}
