//! nginx as it is run in front of an application, all of its files in the scenario's directory.

use crate::place::Place;
use crate::tls::Identity;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

pub(super) struct Site<'a> {
    pub(super) address: SocketAddr,
    pub(super) behind: SocketAddr,
    pub(super) tls: Option<&'a Identity>,
    pub(super) phase_file: &'a Path,
}

pub(super) fn command(place: &Place, site: &Site<'_>) -> Command {
    let file = place.path(&format!("nginx-{}.conf", site.address.port()));
    std::fs::write(&file, configuration(place, site)).expect("the configuration can be written");
    let mut command = Command::new("nginx");
    // Without -e nginx first opens the system's error log.
    command.arg("-e").arg("stderr").arg("-p").arg(place.directory()).arg("-c").arg(file);
    command
}

/// The file that exists only while the agent drains turns every answer into the last one of its
/// connection: `keepalive_timeout 0` makes nginx say so in a header. A reload would close idle
/// connections under the clients' hands instead.
fn configuration(place: &Place, site: &Site<'_>) -> String {
    let Site { address, behind, .. } = site;
    let directory = place.directory().display();
    let port = address.port();
    let phase_file = site.phase_file.display();
    let (ssl, certificate) = match site.tls {
        None => ("", String::new()),
        Some(identity) => {
            let (certificate, key) = (identity.certificate.display(), identity.key.display());
            (" ssl", format!("ssl_certificate {certificate}; ssl_certificate_key {key};"))
        }
    };
    let user = if runs_as_root() { "user root;" } else { "" };
    format!(
        r"
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 16384;
pid {directory}/nginx-{port}.pid;
error_log stderr warn;
events {{ worker_connections 12000; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body-{port};
  proxy_temp_path {directory}/proxy-{port};
  fastcgi_temp_path {directory}/fastcgi-{port};
  uwsgi_temp_path {directory}/uwsgi-{port};
  scgi_temp_path {directory}/scgi-{port};
  client_max_body_size 0;
  keepalive_timeout 1h;
  keepalive_requests 1000000;
  server {{
    listen {address} backlog=4096{ssl};
    {certificate}
    error_page 418 = @draining;
    if (-f {phase_file}) {{ return 418; }}
    location / {{ proxy_pass http://{behind}; }}
    location @draining {{ keepalive_timeout 0; proxy_pass http://{behind}; }}
  }}
}}
"
    )
}

/// As root the workers would change to a user who may not enter the scenario's directory.
fn runs_as_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id can be run");
    id.stdout.trim_ascii() == b"0"
}
