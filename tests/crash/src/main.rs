//! `./x crash`: starts `tapline imports run` and `tapline runs resume`, kills the process at random instants, asks it to stop
//! or starts it twice, until the run has come to its end, and holds what the sandbox saw against every promise of the ledger. One story after another, in a
//! few lanes side by side; each is told by its seed, so that one that failed can be told again.

mod carry;
mod chance;
mod history;
mod mending;
mod process;
mod promises;
mod scene;
mod story;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chance::Chance;
use history::History;
use mending::Mending;
use story::{Story, Told};

/// Stories that are told side by side: most of their time they wait.
const LANES: usize = 6;
/// Of so many stories one is a history of runs over real SQL, which takes longer, and one a resend.
const IN_TURN: u64 = 4;

struct Asked {
    times: u64,
    seed: u64,
    tapline: PathBuf,
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked {
        times: 200,
        seed: jiff::Timestamp::now().as_microsecond().unsigned_abs(),
        tapline: PathBuf::from("target/debug/tapline"),
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().ok_or(format!("{name} wants a value"))?;
        let number = || value.parse().map_err(|_| format!("{value} is no number"));
        match name.as_str() {
            "--times" => asked.times = number()?,
            "--seed" => asked.seed = number()?,
            "--tapline" => asked.tapline = value.into(),
            other => return Err(format!("{other} is not known")),
        }
    }
    if !asked.tapline.exists() {
        return Err(format!("{} is not there: build it first", asked.tapline.display()));
    }
    Ok(asked)
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let asked = match asked() {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("{why}\nusage: tapline-crash [--times N] [--seed S] [--tapline FILE]");
            return 64.into();
        }
    };
    println!("seed {}: at least {} kills", asked.seed, asked.times);
    let started = Instant::now();
    let kills = Arc::new(AtomicU64::new(0));
    let next = Arc::new(AtomicU64::new(0));
    let lanes = (0..LANES).map(|_| {
        tokio::spawn(lane(
            asked.tapline.clone(),
            asked.seed,
            asked.times,
            kills.clone(),
            next.clone(),
        ))
    });
    let mut all = Told::default();
    let mut broken = Vec::new();
    for lane in lanes.collect::<Vec<_>>() {
        match lane.await {
            Ok(told) => told.into_iter().for_each(|(story, told)| match told {
                Ok(told) => all.add(&told),
                Err(why) => broken.push(format!("{story}\n    {why}")),
            }),
            Err(fault) => broken.push(format!("a lane ended: {fault}")),
        }
    }
    println!("{all}, in {} s", started.elapsed().as_secs());
    for one in &broken {
        println!("BROKEN: {one}");
    }
    if broken.is_empty() && all.kills > 0 {
        0.into()
    } else {
        1.into()
    }
}

/// Tells stories until there were kills enough. Stops at the first that is broken.
async fn lane(
    tapline: PathBuf,
    seed: u64,
    times: u64,
    kills: Arc<AtomicU64>,
    next: Arc<AtomicU64>,
) -> Vec<(String, Result<Told, String>)> {
    let mut all = Vec::new();
    while kills.load(Ordering::Relaxed) < times {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let mut chance = Chance::new(seed.wrapping_add(number));
        let (story, told) = match number % IN_TURN {
            0 => {
                let history = History::of(&mut chance);
                (format!("{history:?}"), history.tell(&tapline).await)
            }
            1 => {
                let mending = Mending::of(&mut chance);
                (format!("{mending:?}"), mending.tell(&tapline).await)
            }
            _ => {
                let story = Story::of(&mut chance);
                (format!("{story:?}"), story.tell(&tapline).await)
            }
        };
        let broken = told.is_err();
        kills.fetch_add(told.as_ref().map_or(0, |told| told.kills), Ordering::Relaxed);
        all.push((story, told));
        if broken {
            break;
        }
    }
    all
}
