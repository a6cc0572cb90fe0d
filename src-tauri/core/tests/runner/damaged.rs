//! A run whose ledger holds something that Tapline never writes: nobody may say that its records are still to be sent.

use tapline_core::ground::problem::{Code, Problem};
use tapline_core::run::Outcome;
use tapline_core::vault::Attendance;
use tapline_sandbox::Matcher;

use super::UPLOADS;
use super::support::{Scene, passcode_refused};

#[tokio::test]
async fn a_run_whose_ledger_is_damaged_sends_nothing_more() {
    for damage in [
        "UPDATE batches SET state = 'no such word' WHERE number = 1",
        "UPDATE records SET fate = 'no such word' WHERE position = 7",
        "UPDATE batches SET positions = x'ff' WHERE number = 1",
    ] {
        let scene = Scene::new().await;
        let address = |n| {
            if n == 7 {
                "none".to_owned()
            } else {
                format!("u{n}@example.com")
            }
        };
        scene.people(5_000, address);
        scene.calls_at_once(1);
        let third = Matcher::path(UPLOADS).nth(3);
        scene.sandbox.fault(third, passcode_refused());
        let failed = scene.run(scene.profiles()).await;
        assert_eq!(failed.counts.delivered, 2_000, "{damage}: it ended in the middle");
        let database = rusqlite::Connection::open(scene.folder.path().join("tapline.db")).unwrap();
        assert_eq!(database.execute(damage, []).unwrap(), 1, "{damage}");
        let sent = scene.sandbox.calls_to(UPLOADS).len();
        let going = scene.runner.resume(failed.id, None, Attendance::Unattended).await;
        let run = going.expect("it is found out where the ledger is read").ended().await;
        assert_eq!(
            (run.outcome, run.problem.as_ref().map(Problem::code)),
            (Some(Outcome::Failed), Some(Code::StoreDamaged)),
            "{damage}"
        );
        assert_eq!(
            scene.sandbox.calls_to(UPLOADS).len(),
            sent,
            "{damage}: nothing was sent"
        );
    }
}
