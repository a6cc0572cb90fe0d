//! What the app knows of itself, and the pages that it opens.

use std::sync::Arc;

use tapline_core::ground::problem::{Code, Fact, Problem};
use url::{Host, Url};

use super::Link;
use crate::App;
use crate::wire::settings::{About, Keychain};

/// Google's pages that Tapline leads to. Every host beneath `clevertap.com` is welcome too.
const PAGES: [&str; 2] = ["console.cloud.google.com", "docs.cloud.google.com"];

pub(super) async fn about(app: &Arc<App>, (): ()) -> Result<About, Problem> {
    let problem = app.vault.probe().await.err().map(|error| error.problem());
    Ok(About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store: app.store.folder().display().to_string(),
        keychain: Keychain {
            name: app.vault.name().to_owned(),
            problem: problem.map(Into::into),
            unencrypted: app.vault.unencrypted(),
        },
        sandbox: app.options.endpoint.clone(),
    })
}

pub(super) async fn open_link(app: &Arc<App>, link: Link) -> Result<(), Problem> {
    app.host.open_link(&allowed(&link.url)?).await
}

/// The address as it will be opened: written anew from its parts, so that what was judged is what is opened.
fn allowed(address: &str) -> Result<String, Problem> {
    let refused = || Problem::new(Code::LinkRefused);
    let url = Url::parse(address).map_err(|_| refused())?;
    let Some(Host::Domain(host)) = url.host() else {
        return Err(refused());
    };
    let ours = PAGES.contains(&host) || host == "clevertap.com" || host.ends_with(".clevertap.com");
    let bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    if url.scheme() == "https" && ours && bare {
        Ok(url.into())
    } else {
        Err(refused().with(Fact::Host, host))
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn only_pages_of_google_cloud_and_clevertap_are_opened() {
        let rows = [
            ("https://console.cloud.google.com/bigquery?project=acme-dw", true),
            ("https://docs.cloud.google.com/bigquery/docs", true),
            ("https://docs.clevertap.com/docs", true),
            ("https://eu1.dashboard.clevertap.com/TEST/", true),
            ("HTTPS://CONSOLE.CLOUD.GOOGLE.COM/x", true),
            ("http://console.cloud.google.com/", false),
            ("https://console.cloud.google.com:8443/", false),
            ("https://console.cloud.google.com@evil.example/", false),
            ("https://user:word@docs.clevertap.com/", false),
            ("https://evilclevertap.com/", false),
            ("https://clevertap.com.evil.example/", false),
            ("https://accounts.google.com/", false),
            ("https:\\\\evil.example\\.clevertap.com", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)//docs.clevertap.com", false),
            ("https://[::1]/", false),
            ("", false),
        ];
        for (address, welcome) in rows {
            assert_eq!(allowed(address).is_ok(), welcome, "for {address:?}");
        }
    }
}
