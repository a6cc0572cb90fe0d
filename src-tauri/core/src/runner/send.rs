//! Brings one batch to CleverTap and its answers to the ledger: tries again where nothing was taken, takes apart what is
//! not understood, and says in doubt where nobody knows.

use std::collections::VecDeque;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::sync::{mpsc, oneshot};

use super::batch::Batch;
use super::halt::Halt;
use super::ledger::Entry;
use super::pace::{Leave, Pace};
use super::pack::Numbers;
use super::places;
use crate::clevertap::reply::Accounted;
use crate::clevertap::{UploadFailure, UploadReply, Uploader, Verdict, prove};
use crate::ground::instant;
use crate::ground::problem::{Code, Problem};
use crate::run::Fate;
use crate::store::{Answered, RecordRow};

/// How long one call may take.
const WITHIN: Duration = Duration::from_mins(1);
/// Calls that taking one batch apart may cost.
const MOST_CALLS_APART: usize = 40;
/// Times that a record is sent again which CleverTap failed at by a fault of its own (555).
const MOST_AGAIN: usize = 3;
/// Times that a batch is sent again which was not answered, where sending it twice does no harm.
const MOST_UNANSWERED: usize = 2;

/// The code of a record in a call that was refused as a whole.
const NOT_UNDERSTOOD: &str = "400";
/// The code of a record that was sent and never answered.
const NO_ANSWER: &str = "no_answer";
/// The code of a record that CleverTap's counts leave out.
pub(super) const NOT_ACCOUNTED: &str = "not_accounted";

/// What all senders of a run share.
#[derive(Clone)]
pub(super) struct Sending {
    pub uploader: Uploader,
    pub pace: Pace,
    pub entries: mpsc::Sender<Entry>,
    pub halt: Halt,
    pub numbers: Numbers,
    /// Whether a record that arrived may be sent again: a profile that arrives twice is the same profile.
    pub may_repeat: bool,
}

/// The end of one call, or of many that were tried in its stead.
enum Call {
    Answered(UploadReply),
    /// Nothing of it was taken, and the run ends.
    NotTaken,
    Unanswered(UploadFailure),
    NotUnderstood(UploadFailure),
}

/// Sends a batch that the ledger holds open, and tells the ledger what became of it.
pub(super) async fn deliver(sending: Sending, batch: Batch, mut leave: Option<Leave>) {
    let mut apart = MOST_CALLS_APART;
    let mut waiting = VecDeque::from([batch]);
    while let Some(batch) = waiting.pop_front() {
        if sending.halt.is_set() {
            sending.say(Entry::Unsent { batch: batch.number }).await;
            continue;
        }
        match sending.call(&batch, &mut leave).await {
            Call::Answered(reply) => sending.answered(&batch, &reply, &mut leave).await,
            Call::NotTaken => sending.say(Entry::Unsent { batch: batch.number }).await,
            Call::Unanswered(failure) => sending.unanswered(&batch, &failure).await,
            // It stays in doubt: what was sent before may have been taken all the same.
            Call::NotUnderstood(_) if batch.instead_of.is_some() => {
                sending.say(Entry::Unsent { batch: batch.number }).await;
            }
            Call::NotUnderstood(_) if batch.len() > 1 && apart >= 2 => {
                apart -= 2;
                match sending.split(&batch).await {
                    Some(parts) => waiting.extend(parts),
                    None => return,
                }
            }
            Call::NotUnderstood(failure) => sending.not_understood(&batch, &failure).await,
        }
    }
}

impl Sending {
    /// Makes the call until it is answered, or until there is no sense in going on. Once a call went unanswered, the batch
    /// may have arrived: whatever keeps the next call from being made, or from being taken, does not change that.
    async fn call(&self, batch: &Batch, leave: &mut Option<Leave>) -> Call {
        let (mut refused, mut crowded, mut unanswered) = (waits(10), waits(100), MOST_UNANSWERED);
        let mut lost: Option<UploadFailure> = None;
        let given_up = |lost: Option<UploadFailure>| lost.map_or(Call::NotTaken, Call::Unanswered);
        loop {
            let held = if let Some(held) = leave.take() {
                held
            } else {
                tokio::select! {
                    () = self.halt.wait() => return given_up(lost),
                    held = self.pace.leave() => held,
                }
            };
            if self.pace.is_silent() && !self.is_answered_again().await {
                return given_up(lost);
            }
            instant::pass();
            let answer = self.uploader.upload(batch.body(), false, WITHIN).await;
            instant::pass();
            match &answer {
                Err(failure) if failure.verdict() == Verdict::InDoubt => self.pace.unanswered(),
                Err(UploadFailure::NotSent(_)) => {}
                _ => self.pace.answered(),
            }
            let failure = match answer {
                Ok(reply) => {
                    self.pace.went_well();
                    *leave = Some(held);
                    return Call::Answered(reply);
                }
                Err(failure) => failure,
            };
            let wait = match failure.verdict() {
                Verdict::Again { after, crowded: true } => {
                    self.pace.too_many(&held);
                    drop(held);
                    crowded.next().map(|wait| after.unwrap_or(wait))
                }
                Verdict::Again { after, crowded: false } => {
                    drop(held);
                    refused.next().map(|wait| after.unwrap_or(wait))
                }
                Verdict::Split => {
                    *leave = Some(held);
                    return Call::NotUnderstood(failure);
                }
                Verdict::Stop => None,
                Verdict::InDoubt => {
                    keep_place(held, &failure);
                    if !self.may_repeat || unanswered == 0 || self.halt.is_set() {
                        return Call::Unanswered(failure);
                    }
                    unanswered -= 1;
                    lost = Some(failure);
                    if self.rest(Duration::from_secs(1)).await {
                        continue;
                    }
                    return given_up(lost);
                }
            };
            let Some(wait) = wait else {
                self.halt.fail(failure.problem(&self.uploader, &batch.body()));
                return given_up(lost);
            };
            if !self.rest(wait).await {
                return given_up(lost);
            }
        }
    }

    /// CleverTap is silent: asks, with a call that brings nothing, until it answers again. In a long outage each batch that
    /// is sent all the same would be in doubt, one after the other. Gives up with the run, or after most of an hour.
    async fn is_answered_again(&self) -> bool {
        let _turn = tokio::select! {
            () = self.halt.wait() => return false,
            turn = self.pace.turn_to_ask() => turn,
        };
        let mut waits = waits(100);
        let mut last = None;
        while self.pace.is_silent() {
            let Some(wait) = waits.next() else {
                self.halt.fail(last.unwrap_or_else(|| Problem::new(Code::Internal)));
                return false;
            };
            if !self.rest(wait).await {
                return false;
            }
            let said = tokio::select! {
                () = self.halt.wait() => return false,
                said = prove::ask(&self.uploader, WITHIN) => said,
            };
            match said {
                Err(failure)
                    if matches!(failure, UploadFailure::NotSent(_)) || failure.verdict() == Verdict::InDoubt =>
                {
                    last = Some(failure.problem(&self.uploader, prove::NOBODY));
                }
                // What it says besides is for the next batch to hear.
                _ => {
                    self.pace.answers_again();
                    break;
                }
            }
        }
        true
    }

    /// Whether the wait came to its end before the run did.
    async fn rest(&self, wait: Duration) -> bool {
        tokio::select! {
            () = self.halt.wait() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }

    async fn answered(&self, batch: &Batch, reply: &UploadReply, leave: &mut Option<Leave>) {
        let mut accounted = reply.account(batch.len(), |place| batch.identity(place));
        let lost = self.again(batch, &mut accounted, leave).await;
        let mut rows: Vec<RecordRow> = accounted
            .refused
            .iter()
            .map(|refusal| RecordRow {
                code: refusal
                    .code
                    .map_or_else(|| "unknown".to_owned(), |code| code.to_string()),
                reason: Some(refusal.said.clone()),
                ..row(batch, refusal.place, Fate::Unprocessed)
            })
            .collect();
        rows.extend(unaccounted(batch, &accounted, &lost));
        rows.extend(lost.iter().map(|place| RecordRow {
            code: NO_ANSWER.to_owned(),
            reason: Some("It was sent again after CleverTap stumbled over it, and no answer came".to_owned()),
            ..row(batch, *place, Fate::InDoubt)
        }));
        let answered = Answered {
            delivered: accounted.delivered,
            unprocessed: accounted.refused.len() as u64,
            in_doubt: accounted.in_doubt + lost.len() as u64,
        };
        self.say(Entry::Answered {
            batch: batch.number,
            answered,
            rows,
        })
        .await;
    }

    /// Sends again what CleverTap failed at by a fault of its own, and merges what became of it. Gives the places of the
    /// records that were sent again and not answered.
    async fn again(&self, batch: &Batch, accounted: &mut Accounted, leave: &mut Option<Leave>) -> Vec<usize> {
        for wait in waits(MOST_AGAIN) {
            let places: Vec<usize> = accounted
                .refused
                .iter()
                .filter(|refusal| refusal.may_succeed_later())
                .map(|refusal| refusal.place)
                .collect();
            if places.is_empty() {
                break;
            }
            // Somebody else may use the place while this one waits.
            drop(leave.take());
            if !self.rest(wait).await {
                break;
            }
            let part = batch.pick(batch.number, places.iter().copied());
            let found = match self.call(&part, leave).await {
                Call::Answered(reply) => reply.account(part.len(), |place| part.identity(place)),
                Call::Unanswered(_) => {
                    accounted.refused.retain(|refusal| !refusal.may_succeed_later());
                    return places;
                }
                // Nothing was taken: what was refused stays refused.
                Call::NotTaken | Call::NotUnderstood(_) => break,
            };
            accounted.refused.retain(|refusal| !refusal.may_succeed_later());
            accounted.delivered += found.delivered;
            accounted.in_doubt += found.in_doubt;
            accounted.refused.extend(found.refused.into_iter().map(|mut refusal| {
                refusal.place = places[refusal.place];
                refusal
            }));
        }
        Vec::new()
    }

    async fn unanswered(&self, batch: &Batch, failure: &UploadFailure) {
        let problem = failure.problem(&self.uploader, &batch.body());
        let rows = (0..batch.len())
            .map(|place| RecordRow {
                code: NO_ANSWER.to_owned(),
                reason: Some(format!("It was sent, and no answer came: {}", problem.title())),
                ..row(batch, place, Fate::InDoubt)
            })
            .collect();
        self.say(Entry::InDoubt {
            batch: batch.number,
            rows,
        })
        .await;
    }

    async fn not_understood(&self, batch: &Batch, failure: &UploadFailure) {
        let problem = failure.problem(&self.uploader, &batch.body());
        let said = problem.answer().and_then(|answer| answer.said.clone());
        let reason = said.unwrap_or_else(|| problem.title());
        let rows = (0..batch.len())
            .map(|place| RecordRow {
                code: NOT_UNDERSTOOD.to_owned(),
                reason: Some(reason.clone()),
                ..row(batch, place, Fate::Unprocessed)
            })
            .collect();
        let answered = Answered {
            unprocessed: batch.len() as u64,
            ..Answered::default()
        };
        self.say(Entry::Answered {
            batch: batch.number,
            answered,
            rows,
        })
        .await;
    }

    /// Two halves, once the ledger holds them. Nothing where the ledger is gone.
    async fn split(&self, batch: &Batch) -> Option<[Batch; 2]> {
        let middle = batch.len() / 2;
        let halves = [0..middle, middle..batch.len()].map(|places| batch.pick(self.numbers.next(), places));
        let (kept, waiting) = oneshot::channel();
        self.say(Entry::Split {
            batch: batch.number,
            parts: halves.iter().map(Batch::entry).collect(),
            kept,
        })
        .await;
        waiting.await.ok().map(|()| halves)
    }

    async fn say(&self, entry: Entry) {
        // Where the ledger is gone it has said why, and the batch stays open: its records are in doubt.
        let _ = self.entries.send(entry).await;
    }
}

/// Half a second, then longer each time, up to half a minute; never the same for two.
fn waits(times: usize) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(30))
        .with_max_times(times)
        .with_jitter()
        .build()
}

/// A call that was given up may still hold its place at CleverTap's end.
fn keep_place(leave: Leave, failure: &UploadFailure) {
    if matches!(failure, UploadFailure::Lost(lost) if lost.timed_out()) {
        leave.keep();
        tokio::spawn(async move {
            tokio::time::sleep(places::KEPT).await;
            drop(leave);
        });
    }
}

fn row(batch: &Batch, place: usize, fate: Fate) -> RecordRow {
    RecordRow {
        position: batch.position(place),
        fate,
        batch: Some(batch.number),
        code: String::new(),
        column: None,
        identity: Some(batch.identity(place).into_owned()),
        reason: None,
        record: Some(String::from_utf8_lossy(batch.record(place)).into_owned()),
    }
}

/// CleverTap counted fewer records than it was sent, and did not say which it left out. As many of them as are missing
/// are kept, without pretending to know whose they are. Those that are `lost` are known, and told by themselves.
fn unaccounted(batch: &Batch, accounted: &Accounted, lost: &[usize]) -> Vec<RecordRow> {
    let missing = usize::try_from(accounted.in_doubt).unwrap_or(usize::MAX);
    let all_are = accounted.delivered == 0;
    (0..batch.len())
        .rev()
        .filter(|place| !accounted.refused.iter().any(|refusal| refusal.place == *place) && !lost.contains(place))
        .take(missing)
        .map(|place| {
            let row = row(batch, place, Fate::InDoubt);
            if all_are {
                return RecordRow {
                    code: NOT_ACCOUNTED.to_owned(),
                    reason: Some("CleverTap answered without counting it".to_owned()),
                    ..row
                };
            }
            RecordRow {
                code: NOT_ACCOUNTED.to_owned(),
                identity: None,
                record: None,
                reason: Some(format!(
                    "CleverTap counted {} of the {} records of batch {} and did not say which it left out",
                    accounted.delivered + accounted.refused.len() as u64,
                    batch.len() - lost.len(),
                    batch.number
                )),
                ..row
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::keep_place;
    use crate::clevertap::UploadFailure;
    use crate::ground::net::{Cause, NetFailure};
    use crate::runner::pace::Pace;
    use crate::runner::places::Places;

    fn lost(cause: Cause) -> UploadFailure {
        UploadFailure::Lost(NetFailure {
            cause,
            host: "in1.api.clevertap.com".to_owned(),
            proxy: None,
            detail: "".into(),
            stranger: None,
        })
    }

    #[tokio::test]
    async fn a_call_that_timed_out_keeps_its_place_in_this_process_and_in_others_and_one_that_was_cut_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let [this, other] = [(); 2].map(|()| {
            let pace = Pace::new(Some(Places::new(folder.path().to_owned())));
            pace.allow(1);
            pace
        });
        let at_once = async |pace: &Pace| timeout(Duration::ZERO, pace.leave()).await.ok();
        keep_place(this.leave().await, &lost(Cause::Cut));
        let leave = at_once(&this).await.expect("whoever was cut off is not at it any more");
        keep_place(leave, &lost(Cause::AnswerTimeout));
        assert!(at_once(&this).await.is_none(), "CleverTap may still be at it");
        assert!(at_once(&other).await.is_none(), "whoever asks");
    }
}
