//! Hands on mouse and keyboard of the display: what no driver of web pages can do.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::patience::{acted, pause, seen};

/// A GTK window that offers one file to drag.
const DRAG_SOURCE: &str = r"
import sys, gi
gi.require_version('Gdk', '3.0')
gi.require_version('Gtk', '3.0')
from gi.repository import Gdk, GLib, Gtk
window = Gtk.Window(title='file-to-drag')
window.set_default_size(140, 100)
window.set_keep_above(True)
window.move(1400, 820)
box = Gtk.EventBox()
box.add(Gtk.Label(label='drag me'))
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
uri = GLib.filename_to_uri(sys.argv[1])
box.connect('drag-data-get', lambda _w, _c, data, _i, _t: data.set_uris([uri]))
window.connect('destroy', Gtk.main_quit)
window.show_all()
Gtk.main()
";

pub struct Hands;

impl Hands {
    /// Drags a file from another program and drops it in the middle of the window called `target`, once `hovers` tells that
    /// the file hangs over it. A busy desk may miss how a drag begins: then the hand goes back and tries again.
    pub async fn drop_file(self, file: &Path, target: &str, hovers: impl AsyncFn() -> bool) {
        let mut source = Ended::start(Command::new("/usr/bin/python3").args(["-c", DRAG_SOURCE]).arg(file));
        let (from, to) = (appeared("file-to-drag").await, appeared(target).await);
        let begin = async || {
            // Looked up anew each time: a window manager may still be moving them.
            let (from, to) = (middle_of(&from), middle_of(&to));
            pointer(from);
            xdotool(&["mouseup", "1"]);
            pause(150).await;
            drag(from, to).await;
        };
        acted(begin, hovers, &format!("{target:?} never saw the file hang over it")).await;
        xdotool(&["mouseup", "1"]);
        pause(200).await;
        source.end();
    }

    /// Types a path into the open file dialog called `title`, and accepts it.
    pub async fn choose_file(self, file: &Path, title: &str) {
        let dialog = appeared(title).await;
        xdotool(&["windowactivate", "--sync", &dialog]);
        pause(300).await;
        xdotool(&["key", "ctrl+l"]);
        pause(400).await;
        xdotool(&["type", "--delay", "25", &file.to_string_lossy()]);
        pause(500).await;
        xdotool(&["key", "Return"]);
        gone(title).await;
    }

    /// Closes the window called `title` by the keys that do so on this desk, and waits until it cannot be seen.
    pub async fn close_window(self, title: &str) {
        let window = appeared(title).await;
        let close = async || {
            xdotool(&["windowactivate", "--sync", &window]);
            pause(300).await;
            xdotool(&["key", "alt+F4"]);
        };
        let closed = async || windows_called(title).is_empty();
        acted(close, closed, &format!("{title:?} does not close")).await;
    }

    /// Closes the open file dialog called `title` without choosing.
    pub async fn dismiss(self, title: &str) {
        let dialog = appeared(title).await;
        xdotool(&["windowactivate", "--sync", &dialog]);
        pause(300).await;
        xdotool(&["key", "Escape"]);
        gone(title).await;
    }
}

/// Waits until exactly one window has this title. A search that meets a window on its way out finds none at all, so one look
/// does not tell.
pub async fn one_window_called(title: &str) {
    seen(async || match windows_called(title).len() {
        1 => Ok(()),
        windows => Err(format!("{windows} windows are called {title:?}, not one")),
    })
    .await;
}

/// The process that shows the window called `title`.
pub async fn process_of(title: &str) -> Pid {
    let window = appeared(title).await;
    let said = Command::new("xdotool").args(["getwindowpid", &window]).output();
    let said = said.expect("xdotool is installed").stdout;
    let id = String::from_utf8_lossy(&said).trim().parse();
    Pid(id.unwrap_or_else(|_| panic!("nobody says whose window {title:?} is")))
}

/// A process of the desk's.
pub struct Pid(u32);

impl Pid {
    /// Whether it goes. One that nobody has buried yet does not.
    pub fn goes(&self) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        let state = state.rsplit(')').next().unwrap_or_default().trim_start();
        !state.is_empty() && !state.starts_with(['Z', 'X'])
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&self) {
        seen(async || {
            if self.goes() {
                return Err(format!("the process {} still goes", self.0));
            }
            Ok(())
        })
        .await;
    }
}

/// The visible windows with exactly this title.
fn windows_called(title: &str) -> Vec<String> {
    let found = Command::new("xdotool")
        .args(["search", "--onlyvisible", "--name", &format!("^{title}$")])
        .stderr(Stdio::null())
        .output()
        .expect("xdotool is installed");
    String::from_utf8_lossy(&found.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

async fn appeared(title: &str) -> String {
    seen(async || {
        let window = windows_called(title).into_iter().next();
        window.ok_or_else(|| format!("no window called {title:?} has appeared"))
    })
    .await
}

async fn gone(title: &str) {
    seen(async || match windows_called(title)[..] {
        [] => Ok(()),
        _ => Err(format!("the window called {title:?} has not gone")),
    })
    .await;
}

/// From `xwininfo`, which knows where the frame's title bar ends.
fn middle_of(window: &str) -> (i32, i32) {
    let said = Command::new("xwininfo")
        .args(["-id", window])
        .output()
        .expect("x11-utils is installed");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let number = |name: &str| -> i32 {
        said.lines()
            .find_map(|line| line.trim().strip_prefix(name))
            .and_then(|rest| rest.trim().parse().ok())
            .unwrap_or_else(|| panic!("xwininfo says no {name} in:\n{said}"))
    };
    let (x, y) = (number("Absolute upper-left X:"), number("Absolute upper-left Y:"));
    (x + number("Width:") / 2, y + number("Height:") / 2)
}

/// Presses at `from`, and moves to `to` with the button held.
async fn drag(from: (i32, i32), to: (i32, i32)) {
    pointer(from);
    pause(150).await;
    xdotool(&["mousedown", "1"]);
    pause(150).await;
    // GTK starts a drag only after a few pixels, and the target hears of it only from moves within it.
    for step in 1..=20 {
        pointer((
            from.0 + (to.0 - from.0) * step / 20,
            from.1 + (to.1 - from.1) * step / 20,
        ));
        pause(30).await;
    }
    pointer((to.0 + 3, to.1 + 3));
    pause(200).await;
}

fn pointer((x, y): (i32, i32)) {
    xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
}

fn xdotool(words: &[&str]) {
    let status = Command::new("xdotool")
        .args(words)
        .status()
        .expect("xdotool is installed");
    assert!(status.success(), "xdotool {words:?} failed");
}

/// A program that ends with the test, and everything that it started with it.
pub(crate) struct Ended(Child);

impl Ended {
    pub(crate) fn start(command: &mut Command) -> Self {
        let program = command.get_program().to_owned();
        let child = command.process_group(0).spawn();
        Self(child.unwrap_or_else(|error| panic!("{}: {error}", program.display())))
    }

    /// What it says on a pipe, once.
    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    pub(crate) fn end(&mut self) {
        // It leads a group of its own, so this reaches its children and nobody else.
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.0.wait();
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.end();
    }
}
