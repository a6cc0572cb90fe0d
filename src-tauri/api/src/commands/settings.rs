//! Settings of the person and the machine.

use std::sync::Arc;

use jiff::Timestamp;
use tapline_core::ground::problem::{Code, Fact, Problem};
use url::Url;

use crate::App;
use crate::wire::settings::{Proxy, Settings};

/// Longest that values of rows are kept.
const LONGEST_DAYS: u32 = 3650;

pub(super) async fn read(app: &Arc<App>, (): ()) -> Result<Settings, Problem> {
    app.look(|store| store.settings().get()).await.map(Settings::from)
}

pub(super) async fn save(app: &Arc<App>, settings: Settings) -> Result<Settings, Problem> {
    check(&settings)?;
    let kept = tapline_core::store::Settings::from(settings);
    // First, so that an unreadable file of authorities, or a proxy that is none, changes nothing.
    let net = app.net_for(&kept).await?;
    let written = kept.clone();
    app.change(move |store| {
        store.settings_mut().put(&written)?;
        store.keep_values_no_longer(written.row_values_days, Timestamp::now())
    })
    .await?;
    app.forget_expired().await;
    app.use_net(net);
    app.changed("settings");
    Ok(Settings::from(kept))
}

fn check(settings: &Settings) -> Result<(), Problem> {
    let invalid = |field: &str, expected: &str| {
        Err(Problem::new(Code::SettingInvalid)
            .with(Fact::Field, field)
            .with(Fact::Expected, expected))
    };
    if !(1..=LONGEST_DAYS).contains(&settings.row_values_days) {
        return invalid("row_values_days", "1 to 3650 days");
    }
    if let Proxy::Manual { url } = &settings.proxy {
        let fits = Url::parse(url.trim()).is_ok_and(|url| {
            let bare = url.username().is_empty() && url.password().is_none();
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && bare
                && url.path() == "/"
                && url.query().is_none()
        });
        if !fits {
            // Settings are no place for a password. The system's own proxy settings may hold one.
            return invalid("proxy", "http://host:port, without a name or password");
        }
    }
    Ok(())
}
