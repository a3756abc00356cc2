//! The real programs that the live ring drives, installed where that is possible.

use crate::shell::{find, is_root, run};
use std::path::Path;
use std::process::Command;

/// A program and the Debian package that brings it.
struct Needed {
    program: &'static str,
    package: &'static str,
}

const NEEDED: &[Needed] = &[
    Needed { program: "nginx", package: "nginx" },
    Needed { program: "node", package: "nodejs" },
    Needed { program: "go", package: "golang-go" },
    // The static build is checked with readelf.
    Needed { program: "readelf", package: "binutils" },
];

const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Fails with the command to run where a program is missing and cannot be installed from here.
pub(super) fn ensure() -> Result<(), String> {
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    if find("apt-get").is_none() {
        return Err(format!("missing programs of the Debian packages {list}: install them"));
    }
    if !is_root() {
        return Err(format!("missing programs: run `sudo apt-get install {list}`"));
    }
    install(&packages)?;
    let still = missing();
    if still.is_empty() {
        Ok(())
    } else {
        Err(format!("still missing after their installation: {}", still.join(" ")))
    }
}

fn missing() -> Vec<&'static str> {
    NEEDED.iter().filter(|n| find(n.program).is_none()).map(|needed| needed.package).collect()
}

fn install(packages: &[&str]) -> Result<(), String> {
    run(apt().args(["update", "-qq"]))?;
    // Debian starts a service when it installs it, and nginx would sit on port 80.
    let ours = !Path::new(POLICY).exists() && deny_services();
    let installed =
        run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages));
    if ours {
        std::fs::remove_file(POLICY).ok();
    }
    installed
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn deny_services() -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").is_ok()
        && std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755)).is_ok()
}
