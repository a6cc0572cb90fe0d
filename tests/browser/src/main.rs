//! `tapline-headless [FOLDER OF THE UI]`: opens the app of the environment to a browser, prints
//! `{"url": "http://127.0.0.1:…"}`, and ends when its standard input does.

use std::path::PathBuf;
use std::process::ExitCode;

use tapline_api::AppOptions;
use tapline_api::wire::problem::Problem;
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> ExitCode {
    let ui = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("ui/dist"), PathBuf::from);
    let opened = match AppOptions::from_env() {
        Ok(options) => tapline_headless::open(options, ui).await,
        Err(problem) => Err(problem),
    };
    let door = match opened {
        Ok(door) => door,
        Err(problem) => {
            let problem = Problem::from(problem);
            eprintln!("{}: {}", problem.title, problem.explanation);
            return ExitCode::FAILURE;
        }
    };
    println!("{}", serde_json::json!({ "url": door.url() }));
    tokio::select! {
        () = door.serve() => {}
        _ = end_of_input() => {}
    }
    ExitCode::SUCCESS
}

/// Comes when whoever started this has gone.
fn end_of_input() -> oneshot::Receiver<()> {
    let (send, receive) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = send.send(());
    });
    receive
}
