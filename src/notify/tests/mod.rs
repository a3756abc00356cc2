use super::*;

mod file;
mod http;
mod server;

#[tokio::test]
async fn a_channel_that_is_not_set_is_an_error_that_names_the_setting() {
    let notifier = Notifier::new(NotifyConfig::default());
    notifier.startup().unwrap();
    for (channel, setting) in
        [(NotifyChannel::Http, "set notify"), (NotifyChannel::File, "set notify-file")]
    {
        let error = notifier.send(channel, NotifyPhase::Withdrawing, None).await.unwrap_err();
        assert!(error.contains(setting), "{error}");
    }
}
