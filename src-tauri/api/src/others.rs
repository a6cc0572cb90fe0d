//! Runs that another process carries out on the same store, a terminal beside the window: seen live here as well.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tapline_core::ground::ids::RunId;
use tapline_core::ground::problem::Problem;

use crate::App;
use crate::commands::off_thread;
use crate::commands::runs::run_told;
use crate::wire::run::Run;
use crate::wire::signal::Signal;

/// Between two looks while none goes, and while one does.
const SELDOM: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_millis(250);
/// Looks between two questions whether the processes of such runs still live.
const ALIVE_EVERY: u32 = 8;

/// Tells the window of such runs as of its own, for as long as the app is there.
pub(crate) async fn follow(app: Weak<App>) {
    let mut others = Others::default();
    loop {
        tokio::time::sleep(if others.shown.is_empty() { SELDOM } else { OFTEN }).await;
        let Some(app) = app.upgrade() else { return };
        // What cannot be read now is looked at again at once.
        let _ = others.look(&app).await;
    }
}

#[derive(Default)]
struct Others {
    shown: HashMap<RunId, Run>,
    looks: u32,
}

impl Others {
    async fn look(&mut self, app: &Arc<App>) -> Result<(), Problem> {
        let ours = app.runner().going();
        let known: Vec<RunId> = self.shown.keys().copied().collect();
        let (going, ended) = app
            .look(move |store| {
                let mut going = Vec::new();
                for row in store.runs().going()? {
                    if !ours.contains(&row.run.id) {
                        going.push((row.run.id, run_told(store, &row)?));
                    }
                }
                let mut ended = Vec::new();
                for id in known {
                    if !ours.contains(&id) && !going.iter().any(|(other, _)| *other == id) {
                        ended.push(run_told(store, &store.runs().get(id)?)?);
                    }
                }
                Ok((going, ended))
            })
            .await?;
        let fresh = going.iter().any(|(id, _)| !self.shown.contains_key(id));
        if fresh || !ended.is_empty() {
            app.changed("imports");
            app.changed("runs");
        }
        let moved = going.iter().filter(|(id, run)| self.shown.get(id) != Some(run));
        for run in moved.map(|(_, run)| run).chain(&ended) {
            app.host.signal(Signal::Run(run.clone()));
        }
        self.shown = going.into_iter().collect();
        self.looks = self.looks.wrapping_add(1);
        if !self.shown.is_empty() && self.looks.is_multiple_of(ALIVE_EVERY) {
            // A process that was killed ends no run: what it left behind is put in order as at a start.
            let store = app.store.clone();
            let recovered = off_thread(move || store.recover(Timestamp::now())).await?;
            recovered?;
        }
        Ok(())
    }
}
