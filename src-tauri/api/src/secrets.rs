//! Secrets on their way between the keychain and the work: noted before they are written, seen to be gone when they go.

use std::sync::Arc;

use tapline_core::ground::problem::Problem;
use tapline_core::ground::secret::Secret;
use tapline_core::vault::Attendance;

use crate::App;

impl App {
    /// Puts a secret into the keychain. Its entry is noted first, so that it is never lost sight of.
    pub(crate) async fn keep_secret(&self, entry: &str, secret: Secret<Vec<u8>>) -> Result<(), Problem> {
        let noted = entry.to_owned();
        self.change(move |store| store.vault_entries_mut().note(&noted)).await?;
        let put = self.vault.put(entry, secret, self.attendance()).await;
        put.map_err(Problem::from)
    }

    /// Deletes a secret, sees that it is gone, and strikes out its note. One that was never noted is nowhere.
    pub(crate) async fn drop_secret(&self, entry: &str) -> Result<(), Problem> {
        self.drop_secret_with(entry, self.attendance()).await
    }

    async fn drop_secret_with(&self, entry: &str, attendance: Attendance) -> Result<(), Problem> {
        let names = self.look(|store| store.vault_entries().names()).await?;
        if !names.iter().any(|name| name == entry) {
            return Ok(());
        }
        let deleted = self.vault.delete(entry, attendance).await;
        deleted?;
        let gone = entry.to_owned();
        self.change(move |store| store.vault_entries_mut().strike_out(&gone))
            .await
    }

    /// Deletes entries that nothing refers to: those of a process that ended in the middle of saving or deleting.
    pub(crate) async fn sweep_orphans(self: Arc<Self>) {
        let Ok(orphans) = self.change(|store| store.vault_entries_mut().orphans()).await else {
            return;
        };
        for entry in orphans {
            match self.drop_secret_with(&entry, Attendance::Unattended).await {
                Ok(()) => tracing::info!(target: "tapline", "an orphaned keychain entry is gone"),
                Err(problem) => {
                    tracing::warn!(target: "tapline", code = problem.code().as_str(), "an orphaned keychain entry stays");
                    return;
                }
            }
        }
    }

    /// Why a secret cannot be read just now, where it cannot. Raises no prompt.
    pub(crate) async fn secret_problem(&self, entry: &str) -> Option<Problem> {
        let lent = self.vault.lend(entry, Attendance::Unattended, |_| ()).await;
        lent.err().map(|error| error.problem())
    }
}
