//! Commands that cannot be started.

use super::super::start::start;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn what_cannot_start_says_why_and_with_which_code() {
    let dir = std::env::temp_dir().join(format!("lameduck-start-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let file = |name: &str, mode: u32| {
        let path = dir.join(name);
        fs::write(&path, "#!/no/such/interpreter\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.into_os_string()
    };
    for (command, code, hint) in [
        (OsStr::new("lameduck-no-such-command").to_owned(), 127, "PATH"),
        (dir.join("absent").into_os_string(), 127, "no such file"),
        (OsStr::new("").to_owned(), 127, "PATH"),
        (file("script", 0o755), 126, "interpreter"),
        (file("data", 0o644), 126, "chmod"),
        (dir.clone().into_os_string(), 126, "directory"),
    ] {
        let error = start(&command, &[]).unwrap_err();
        assert_eq!(error.exit_code, code, "{error}");
        assert!(error.message.contains(hint), "{error}");
        assert!(error.message.contains(&*command.to_string_lossy()), "{error}");
    }
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_nul_in_a_command_is_an_error() {
    assert_eq!(start(OsStr::new("s\0h"), &[]).unwrap_err().exit_code, 126);
}
