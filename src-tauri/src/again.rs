//! A start that met another window on its way out: it begins anew once that one is gone.

use std::process::Command;
use std::time::Duration;

/// Counts the starts, so that a window that never goes is not waited for without end.
const STARTS: &str = "TAPLINE_STARTS";
const MOST: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Whether this error says that the window which was there could not be told of a second start.
pub fn met_one_that_leaves(error: &tauri::Error) -> bool {
    matches!(error, tauri::Error::PluginInitialization(plugin, _) if plugin == "single-instance")
}

/// Takes the place of this process with the same program and words. Returns only where that cannot be, or was tried often.
pub fn start() {
    let before = std::env::var(STARTS).ok().and_then(|count| count.parse().ok());
    let starts: u32 = before.unwrap_or(0) + 1;
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    if starts > MOST {
        return;
    }
    std::thread::sleep(PAUSE);
    let mut again = Command::new(program);
    again.args(std::env::args_os().skip(1)).env(STARTS, starts.to_string());
    replace(&mut again);
}

/// The process keeps its number: whoever started it still holds it.
#[cfg(unix)]
fn replace(again: &mut Command) {
    let error = std::os::unix::process::CommandExt::exec(again);
    eprintln!("Tapline could not start again: {error}");
}

#[cfg(not(unix))]
fn replace(again: &mut Command) {
    match again.spawn() {
        Ok(_) => std::process::exit(0),
        Err(error) => eprintln!("Tapline could not start again: {error}"),
    }
}
