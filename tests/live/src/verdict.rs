//! The hook's body, as far as the scenarios look at it. The only place that knows its names.

use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Verdict {
    pub outcome: String,
    pub limited_by: String,
    /// From the stop to the answer, as the agent measured it.
    pub total_seconds: f64,
    /// The body as it came, for messages and for what it names in words.
    pub body: String,
}

impl Verdict {
    /// Panics on a body that lacks one of them: the body is part of the hook's contract.
    pub fn parse(body: &str) -> Self {
        let json: Value = serde_json::from_str(body)
            .unwrap_or_else(|error| panic!("the hook's body is not JSON ({error}): {body:?}"));
        let word = |name: &str| match &json[name] {
            Value::String(word) => word.clone(),
            other => panic!("{name:?} is {other} in the hook's body {body}"),
        };
        let total = &json["seconds"]["total"];
        Self {
            outcome: word("outcome"),
            limited_by: word("limited_by"),
            total_seconds: total
                .as_f64()
                .unwrap_or_else(|| panic!("seconds.total is {total} in the hook's body {body}")),
            body: body.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_read_from_the_hooks_body() {
        let body = r#"{"outcome":"drained","limited_by":"silence","seconds":{"total":2.5}}"#;
        let verdict = Verdict::parse(body);
        assert_eq!(verdict.outcome, "drained");
        assert!((verdict.total_seconds - 2.5).abs() < 1e-9);
    }
}
