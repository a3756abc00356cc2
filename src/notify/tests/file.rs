use super::*;
use crate::scratch::Scratch;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn notifier(path: &Path) -> Notifier {
    Notifier::new(NotifyConfig { url: None, file: Some(path.to_owned()) })
}

async fn set(notifier: &Notifier, phase: NotifyPhase) -> Result<(), String> {
    notifier.send(NotifyChannel::File, phase, Some(Duration::from_secs(9))).await
}

#[tokio::test]
async fn the_file_holds_the_phase_and_is_gone_while_serving() {
    let scratch = Scratch::new();
    let path = scratch.path().join("phase");
    let notifier = notifier(&path);
    notifier.startup().unwrap();
    assert!(!path.exists());
    for phase in [NotifyPhase::Withdrawing, NotifyPhase::Delisted] {
        set(&notifier, phase).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", phase.name()));
    }
    set(&notifier, NotifyPhase::Serving).await.unwrap();
    set(&notifier, NotifyPhase::Serving).await.unwrap();
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "something is left");
}

#[tokio::test]
async fn every_user_may_read_the_file_and_only_ours_write() {
    let scratch = Scratch::new();
    let path = scratch.path().join("phase");
    set(&notifier(&path), NotifyPhase::Withdrawing).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn a_file_of_an_earlier_life_is_removed_at_start() {
    let scratch = Scratch::new();
    let path = scratch.path().join("phase");
    std::fs::write(&path, "delisted\n").unwrap();
    notifier(&path).startup().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_half_written_file_of_an_earlier_life_is_no_obstacle() {
    let scratch = Scratch::new();
    let path = scratch.path().join("phase");
    std::fs::write(scratch.path().join("phase.lameduck"), "withdr").unwrap();
    set(&notifier(&path), NotifyPhase::Withdrawing).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "withdrawing\n");
}

#[tokio::test]
async fn a_link_laid_in_our_way_is_not_followed() {
    let scratch = Scratch::new();
    let victim = scratch.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    let path = scratch.path().join("phase");
    for name in ["phase", "phase.lameduck"] {
        std::os::unix::fs::symlink(&victim, scratch.path().join(name)).unwrap();
    }
    set(&notifier(&path), NotifyPhase::Withdrawing).await.unwrap();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "withdrawing\n");
}

#[tokio::test]
async fn a_missing_directory_is_named_at_start_and_at_use() {
    let scratch = Scratch::new();
    let path = scratch.path().join("missing/phase");
    let notifier = notifier(&path);
    for error in [notifier.startup(), set(&notifier, NotifyPhase::Withdrawing).await] {
        let error = error.unwrap_err();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert!(error.contains("directory must exist"), "{error}");
    }
    set(&notifier, NotifyPhase::Serving).await.unwrap();
}

// Root may write into a read-only directory, but nobody below a file.
#[tokio::test]
async fn a_directory_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let scratch = Scratch::new();
    std::fs::write(scratch.path().join("file"), "").unwrap();
    let path = scratch.path().join("file/phase");
    let notifier = notifier(&path);
    assert!(notifier.startup().unwrap_err().contains(path.to_str().unwrap()));
    let error = set(&notifier, NotifyPhase::Withdrawing).await.unwrap_err();
    assert!(error.contains("Not a directory"), "{error}");
    set(&notifier, NotifyPhase::Serving).await.unwrap();
}

#[tokio::test]
async fn a_directory_in_place_of_the_file_is_an_error_and_leaves_nothing() {
    let scratch = Scratch::new();
    let path = scratch.path().join("phase");
    std::fs::create_dir(&path).unwrap();
    assert!(notifier(&path).startup().is_err());
    set(&notifier(&path), NotifyPhase::Delisted).await.unwrap_err();
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1, "something is left");
}
