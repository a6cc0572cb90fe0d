//! Carries runs to their end, whatever happens to the process meanwhile: it is killed, another asks it to stop or to wait,
//! or a second one starts the same import beside it.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tapline_sandbox::Matcher;
use tokio::process::Child;

use crate::chance::Chance;
use crate::process::{self, End};
use crate::promises::{Promises, last_run};
use crate::scene::Scene;
use crate::story::UPLOADS;

/// What may happen to a process, once.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Kill,
    /// `tapline runs stop`, or `pause`.
    Ask(&'static str),
    /// `tapline imports run`, while it runs.
    Twice,
}

/// How far a run has been carried.
pub enum Carried {
    /// Its process was killed, for the nth time.
    Killed(u64),
    /// It has come to its end. The run as the last process told it.
    Ended(Value),
}

/// A scene, what may still happen in it, and what was seen.
pub struct Carry<'s> {
    pub scene: &'s Scene,
    pub promises: Promises,
    tapline: &'s Path,
    chance: Chance,
    /// Things that may still happen.
    happenings: u64,
    /// Whether another run of its own right harms nobody: a second start may come just after the first has ended.
    may_run_again: bool,
    /// A run that was there before is another's.
    before: Option<String>,
    pub killed: u64,
    pub asked: u64,
    pub beside: u64,
}

impl<'s> Carry<'s> {
    pub fn new(tapline: &'s Path, scene: &'s Scene, chance: Chance, happenings: u64) -> Self {
        Self {
            scene,
            promises: Promises::default(),
            tapline,
            chance,
            happenings,
            may_run_again: false,
            before: None,
            killed: 0,
            asked: 0,
            beside: 0,
        }
    }

    /// So many more things may happen from now on.
    pub fn more_may_happen(&mut self, happenings: u64) {
        self.happenings = happenings;
    }

    #[must_use]
    pub fn may_run_again(self) -> Self {
        Self {
            may_run_again: true,
            ..self
        }
    }

    /// Starts the import, or whatever else `start` says, and goes on with the run until it has come to its end, however often
    /// its process is killed.
    pub async fn until_ended(&mut self, start: &[&str]) -> Result<Value, String> {
        loop {
            if let Carried::Ended(run) = self.onwards(start).await? {
                return Ok(run);
            }
        }
    }

    /// The same until its process is killed: for whoever has something to do by then.
    pub async fn onwards(&mut self, start: &[&str]) -> Result<Carried, String> {
        loop {
            let run = last_run(self.scene)?.filter(|(run, _)| Some(run) != self.before.as_ref());
            let (args, whole): (Vec<&str>, bool) = match &run {
                None => (start.to_vec(), false),
                Some((run, false)) => (vec!["runs", "resume", run], false),
                // It was killed on its way out.
                Some((run, true)) => (vec!["runs", "show", run], true),
            };
            let happening = (self.happenings > 0 && !whole).then(|| self.happening());
            self.happenings -= u64::from(happening.is_some());
            let child = process::spawn(self.tapline, self.scene, &args, !whole)?;
            match self.end(child, happening).await? {
                End::Killed => {
                    self.killed += 1;
                    self.promises.after_a_kill(self.scene)?;
                    return Ok(Carried::Killed(self.killed));
                }
                End::Itself(said) => match said["ok"]["run"]["outcome"].as_str() {
                    Some(outcome) if outcome.starts_with("completed") => {
                        self.before = last_run(self.scene)?.map(|(run, _)| run);
                        return Ok(Carried::Ended(said["ok"]["run"].clone()));
                    }
                    Some("stopped") if matches!(happening, Some(Happening::Ask(_))) => {}
                    _ => return Err(format!("`tapline {}` ended so: {said:#}", args.join(" "))),
                },
            }
        }
    }

    fn happening(&mut self) -> Happening {
        match self.chance.between(0, 10) {
            0 => Happening::Ask("stop"),
            1 => Happening::Ask("pause"),
            2 if self.may_run_again => Happening::Twice,
            _ => Happening::Kill,
        }
    }

    async fn end(&mut self, mut child: Child, happening: Option<Happening>) -> Result<End, String> {
        let Some(happening) = happening else {
            return process::end(child).await;
        };
        let after = if self.chance.in_hundred(50) {
            self.until_it_sends(&mut child).await;
            Duration::from_millis(self.chance.between(0, 200))
        } else {
            Duration::from_millis(self.chance.between(1, 900))
        };
        if process::has_ended_within(&mut child, after).await {
            return process::end(child).await;
        }
        match happening {
            Happening::Kill => {
                let killed = child.kill().await;
                killed.map_err(|error| format!("it cannot be killed: {error}"))?;
                Ok(End::Killed)
            }
            Happening::Ask(verb) => {
                if let Some((run, false)) = last_run(self.scene)?.filter(|(run, _)| Some(run) != self.before.as_ref()) {
                    let asking = process::spawn(self.tapline, self.scene, &["runs", verb, &run], false)?;
                    // It may have come to its end by now: then there is nothing to ask.
                    process::end(asking).await?;
                    self.asked += 1;
                }
                process::end(child).await
            }
            Happening::Twice => self.beside(child).await,
        }
    }

    /// Waits for a process's first call that carries records, or for its end: however slow the machine is, some things happen
    /// while records are on their way.
    async fn until_it_sends(&self, child: &mut Child) {
        let calls = self.scene.sandbox.hold(Matcher::path(UPLOADS));
        // It lets them through, and tells of the first.
        calls.open();
        tokio::select! {
            _ = calls.arrived(1) => {}
            _ = child.wait() => {}
        }
    }

    /// Starts the import beside a process that runs it: it is told that it runs already.
    async fn beside(&mut self, mut child: Child) -> Result<End, String> {
        // What runs is known to run once its run is in the store.
        let going = last_run(self.scene)?.is_some_and(|(run, whole)| !whole && Some(&run) != self.before.as_ref());
        if !going {
            return process::end(child).await;
        }
        let second = process::spawn(self.tapline, self.scene, &["imports", "run", "People", "--yes"], true)?;
        let End::Itself(said) = process::end(second).await? else {
            return Err("nobody killed it".to_owned());
        };
        let first_goes = !process::has_ended_within(&mut child, Duration::ZERO).await;
        if !said["ok"].is_null() {
            // The first may have ended just before: then another run was the import's right, and is its last one.
            return if first_goes {
                Err(format!("the same import ran twice at once: {said:#}"))
            } else {
                Ok(End::Itself(said))
            };
        }
        self.beside += 1;
        process::end(child).await
    }
}
