use super::Problem;
use jiff::SignedDuration;
use std::time::Duration;

/// A week: nobody waits longer, and no sum of two such durations can overflow a clock.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// `30s`, `1m30s`, `500ms`, `1.5h`, bare seconds; at most a week.
pub(in crate::config) fn duration(text: &str) -> Result<Duration, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::new("is empty"));
    }
    let signed = match text.parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(i64::from(seconds)),
        Err(_) => text.parse().map_err(|_| not_a_duration(text))?,
    };
    let duration = Duration::try_from(signed).map_err(|_| Problem::new("is negative"))?;
    if duration > LONGEST {
        return Err(Problem::new("is longer than 168h"));
    }
    Ok(duration)
}

/// As a person writes it, and as [`duration`] reads it back: `1m 30s`, `500ms`.
pub(in crate::config) fn show_duration(duration: Duration) -> String {
    match SignedDuration::try_from(duration) {
        Ok(signed) => format!("{signed:#}"),
        Err(_) => format!("{}s", duration.as_secs()),
    }
}

fn not_a_duration(text: &str) -> Problem {
    let number = text.trim_start_matches('-');
    if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) {
        let what = if text.starts_with('-') { "is negative" } else { "is longer than 168h" };
        return Problem::new(what);
    }
    Problem::new("is not a duration")
}
