//! The real window, read and pressed through WebKit's own driver.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::hands::Ended;
use crate::patience::{PATIENCE, acted, seen};

/// One running app.
pub struct Window {
    page: Client,
    _driver: Ended,
}

impl Window {
    /// The app that was built beside this test.
    pub fn program() -> PathBuf {
        let beside = std::env::current_exe().expect("a test knows its own path");
        let folder = beside.ancestors().nth(2).expect("tests stand in target/PROFILE/deps");
        folder.join("tapline-desktop")
    }

    /// Starts the app that was built beside this test.
    pub async fn open(desk: &Desk) -> Self {
        Self::open_program(desk, &Self::program()).await
    }

    /// Starts a program that shows the app's window.
    pub async fn open_program(desk: &Desk, program: &Path) -> Self {
        let port = free_port();
        let mut driver = Command::new("WebKitWebDriver");
        driver
            .args([format!("--port={port}"), "--host=127.0.0.1".into()])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(desk.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let driver = Ended::start(&mut driver);
        seen(async || {
            let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
            connected.map_err(|error| format!("the driver does not listen: {error}"))
        })
        .await;
        let wanted = json!({ "webkitgtk:browserOptions": { "binary": program, "args": [] } });
        let Value::Object(wanted) = wanted else {
            unreachable!("an object was written above")
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted);
        let address = format!("http://127.0.0.1:{port}");
        let connecting = tokio::time::timeout(PATIENCE, builder.connect(&address));
        let page = connecting
            .await
            .expect("the window opens in time")
            .expect("the driver reaches the window");
        Self { page, _driver: driver }
    }

    /// Waits for a button, link or tab with these words, and presses it. The keys shown on it do not count as words. A press
    /// is a pointer's at a place of the screen, and is lost on a window that is still being laid out: then it is made again.
    pub async fn press(&self, words: &str) {
        let words = quoted(words);
        let path = format!(
            "//*[self::button or self::a or @role='tab' or @role='option' or @role='menuitem']\
             [translate(normalize-space(),' ','')=translate(concat({words},string(.//kbd)),' ','') or @aria-label={words}]\
             [not(@aria-disabled='true')][not(@disabled)]"
        );
        let press = async || {
            let found = self.find(&path).await;
            let named = serde_json::to_value(&found).expect("an element has a name");
            let listen = "window.pressed = false;\
                          arguments[0].addEventListener('click', () => { window.pressed = true }, { once: true, capture: true })";
            let listens = self.page.execute(listen, vec![named]).await;
            listens.expect("the page listens for the press");
            let pressed = found.click().await;
            pressed.unwrap_or_else(|error| panic!("{words} could not be pressed: {error}"));
        };
        let heard = async || self.run("return window.pressed").await == true;
        acted(press, heard, &format!("no press reaches {words}")).await;
    }

    /// Puts text into the field with this label, in place of what stands there.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.expect("the field can be emptied");
        field.send_keys(text).await.expect("the field takes text");
    }

    /// Waits until the field with this label holds this value: the engine may have to say it first.
    pub async fn holds(&self, label: &str, value: &str, why: &str) {
        seen(async || {
            // Looked up anew each time: a screen that is drawn again has another field.
            let held = self.field(label).await.prop("value").await;
            match held {
                Ok(Some(held)) if held == value => Ok(()),
                held => Err(format!("{why}: {label} should hold {value:?}, not {held:?}")),
            }
        })
        .await;
    }

    async fn field(&self, label: &str) -> Element {
        self.find(&format!(
            "//*[@id=//label[starts-with(normalize-space(),{})]/@for]",
            quoted(label)
        ))
        .await
    }

    /// Waits until these words can be read on the screen.
    pub async fn sees(&self, words: &str) {
        seen(async || {
            let text = self.text().await;
            if text.contains(words) {
                return Ok(());
            }
            Err(format!("{words:?} is not on the screen, which says:\n{text}"))
        })
        .await;
    }

    /// Whether these words can be read right now.
    pub async fn shows(&self, words: &str) -> bool {
        self.text().await.contains(words)
    }

    /// Waits until these words can no longer be read.
    pub async fn no_longer_sees(&self, words: &str) {
        seen(async || {
            if self.shows(words).await {
                return Err(format!("{words:?} is still on the screen"));
            }
            Ok(())
        })
        .await;
    }

    /// Everything that can be read.
    pub async fn text(&self) -> String {
        let text = self.run("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The whole page with what stands in its fields, as a thief would take it.
    pub async fn everything(&self) -> String {
        let script = "return document.documentElement.outerHTML + [...document.querySelectorAll('input,textarea')]\
                      .map((field) => field.value).join('\\n') + JSON.stringify(localStorage)\
                      + JSON.stringify(sessionStorage)";
        self.run(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Runs JavaScript in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.page
            .execute(script, Vec::new())
            .await
            .expect("the page runs a script")
    }

    /// Runs JavaScript that calls `arguments[0]` when it is done.
    pub async fn run_and_wait(&self, script: &str) -> Value {
        self.page
            .execute_async(script, Vec::new())
            .await
            .expect("the page runs a script")
    }

    /// Keeps a picture under tests/desktop/shots.
    pub async fn picture(&self, name: &str) {
        let png = self.page.screenshot().await.expect("the window can be pictured");
        std::fs::create_dir_all(screens()).expect("the folder for pictures");
        std::fs::write(screens().join(format!("{name}.png")), png).expect("the picture is written");
    }

    /// Ends the app and waits until it is gone.
    pub async fn close(self) {
        self.page.close().await.expect("the window closes");
    }

    async fn find(&self, path: &str) -> Element {
        match self
            .page
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::XPath(path))
            .await
        {
            Ok(element) => element,
            Err(error) => panic!(
                "{error}: nothing fits {path} on the screen, which says:\n{}",
                self.text().await
            ),
        }
    }
}

/// Where pictures go.
pub fn screens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("shots")
}

/// As XPath writes text, which knows no escapes.
fn quoted(words: &str) -> String {
    if words.contains('\'') {
        format!("\"{words}\"")
    } else {
        format!("'{words}'")
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
