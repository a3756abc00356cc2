use super::Problem;
use reqwest::Url;
use std::net::Ipv4Addr;

/// `http://127.0.0.1:8080/path`, with any loopback host.
pub(in crate::config) fn loopback_url(text: &str) -> Result<String, Problem> {
    let url = Url::parse(text).map_err(|error| Problem::new(format!("is not a URL: {error}")))?;
    if url.scheme() != "http" {
        return Err(Problem::new(format!(
            "has the scheme {}; within the pod plain http is enough and the only one supported",
            url.scheme()
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::new("carries a user name or password, which is not supported"));
    }
    let host = url.host_str().unwrap_or_default();
    if !is_loopback(host) {
        return Err(Problem::new(format!(
            "goes to {host}, outside the pod; the application is told over loopback, because \
             only there is the receiver certain to be this pod"
        )));
    }
    if url.port() == Some(0) {
        return Err(Problem::new("has the port 0, on which nothing can listen"));
    }
    Ok(url.into())
}

/// `Url` has already turned other spellings (`127.1`, `LOCALHOST`) into these.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "[::1]"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}
