// Generated from the list of commands. Do not edit.
import type { About } from "./About";
import type { Account } from "./Account";
import type { AccountDraft } from "./AccountDraft";
import type { AccountRef } from "./AccountRef";
import type { AccountReview } from "./AccountReview";
import type { AccountTest } from "./AccountTest";
import type { CheckAgain } from "./CheckAgain";
import type { CheckRef } from "./CheckRef";
import type { CheckReport } from "./CheckReport";
import type { CheckStart } from "./CheckStart";
import type { Connection } from "./Connection";
import type { ConnectionDraft } from "./ConnectionDraft";
import type { ConnectionRef } from "./ConnectionRef";
import type { ConnectionSave } from "./ConnectionSave";
import type { DeletePlan } from "./DeletePlan";
import type { DraftReview } from "./DraftReview";
import type { DryRunAsk } from "./DryRunAsk";
import type { DryRunRef } from "./DryRunRef";
import type { DryRunReport } from "./DryRunReport";
import type { Estimate } from "./Estimate";
import type { Evidence } from "./Evidence";
import type { Exported } from "./Exported";
import type { ForgetAsk } from "./ForgetAsk";
import type { Forgotten } from "./Forgotten";
import type { Import } from "./Import";
import type { ImportBrief } from "./ImportBrief";
import type { ImportRef } from "./ImportRef";
import type { ImportRunAsk } from "./ImportRunAsk";
import type { ImportSave } from "./ImportSave";
import type { KeyFile } from "./KeyFile";
import type { KeyOffer } from "./KeyOffer";
import type { KeyOfferRef } from "./KeyOfferRef";
import type { KeyText } from "./KeyText";
import type { Link } from "./Link";
import type { Pasted } from "./Pasted";
import type { PlanReview } from "./PlanReview";
import type { Problem } from "./Problem";
import type { RecordsAsk } from "./RecordsAsk";
import type { RecordsPage } from "./RecordsPage";
import type { ResendAsk } from "./ResendAsk";
import type { ResendPlan } from "./ResendPlan";
import type { RestartPlan } from "./RestartPlan";
import type { ResumePlan } from "./ResumePlan";
import type { ReviewAsk } from "./ReviewAsk";
import type { Run } from "./Run";
import type { RunReasons } from "./RunReasons";
import type { RunRef } from "./RunRef";
import type { RunResume } from "./RunResume";
import type { RunWarning } from "./RunWarning";
import type { RunsAsk } from "./RunsAsk";
import type { Sample } from "./Sample";
import type { SampleAsk } from "./SampleAsk";
import type { Settings } from "./Settings";
import type { SourceAsk } from "./SourceAsk";
import type { SuggestAsk } from "./SuggestAsk";
import type { Suggested } from "./Suggested";
import type { Tables } from "./Tables";

export type Commands = {
  /** Version, store, keychain, sandbox. */
  "about": { args: null; reply: About };
  "settings.read": { args: null; reply: Settings };
  "settings.save": { args: Settings; reply: Settings };
  /** Opens the native picker and reads the chosen file. Nothing where the person cancels. */
  "key.pick": { args: null; reply: KeyOffer | null };
  "key.read_file": { args: KeyFile; reply: KeyOffer };
  "key.read_text": { args: KeyText; reply: KeyOffer };
  /** Wipes a waiting key. */
  "key.forget": { args: KeyOfferRef; reply: null };
  "connections.list": { args: null; reply: Array<Connection> };
  "connections.get": { args: ConnectionRef; reply: Connection };
  /** Validates what was typed, and takes a pasted dataset path apart. Asks nothing of Google. */
  "connections.review": { args: ConnectionDraft; reply: DraftReview };
  "connections.save": { args: ConnectionSave; reply: Connection };
  "connections.delete_plan": { args: ConnectionRef; reply: DeletePlan };
  /** Stops every import in Ready, Scheduled, Paused or Running that reads from the connection. */
  "connections.stop_imports": { args: ConnectionRef; reply: DeletePlan };
  /** Refused while an import stands in the way. */
  "connections.delete": { args: ConnectionRef; reply: null };
  /** Starts Test Connection on a draft. Reports come as `check` signals. */
  "check.start": { args: CheckStart; reply: CheckReport };
  /** Starts Test Connection on a saved connection, and keeps the verdict with it. */
  "check.start_saved": { args: ConnectionRef; reply: CheckReport };
  "check.cancel": { args: CheckRef; reply: CheckReport };
  /** Runs one step again, with what the others learned. */
  "check.again": { args: CheckAgain; reply: CheckReport };
  "check.evidence": { args: CheckRef; reply: Evidence };
  "check.sample": { args: SampleAsk; reply: Sample };
  "accounts.list": { args: null; reply: Array<Account> };
  "accounts.review": { args: AccountDraft; reply: AccountReview };
  "accounts.save": { args: AccountDraft; reply: Account };
  /** Tests what was typed, without saving it. */
  "accounts.test_draft": { args: AccountDraft; reply: AccountTest };
  "accounts.test": { args: AccountRef; reply: Account };
  /** Refused while an import sends to it, unless that import is Draft or Stopped. */
  "accounts.delete": { args: AccountRef; reply: null };
  "imports.list": { args: null; reply: Array<ImportBrief> };
  "imports.get": { args: ImportRef; reply: Import };
  "imports.tables": { args: ConnectionRef; reply: Tables };
  /** Bytes and columns, from a dry run. Reads nothing. */
  "imports.estimate": { args: SourceAsk; reply: Estimate };
  /** Preview Results: a few rows. */
  "imports.preview": { args: SourceAsk; reply: Sample };
  "imports.suggest": { args: SuggestAsk; reply: Suggested };
  "imports.review": { args: ReviewAsk; reply: PlanReview };
  /** Perform Dry Run. Reports come as `dry_run` signals. */
  "imports.dry_run": { args: DryRunAsk; reply: DryRunReport };
  "imports.cancel_dry_run": { args: DryRunRef; reply: DryRunReport };
  "imports.save": { args: ImportSave; reply: Import };
  /** What a person must read before events with all rows are sent. Nothing where no warning is due. */
  "imports.run_warning": { args: ImportRef; reply: RunWarning | null };
  /** Run now. Progress comes as `run` signals. */
  "imports.run": { args: ImportRunAsk; reply: Run };
  /** Whether Changed rows can be had from a source, by dry runs: what stands against it, where something does. */
  "imports.can_compare": { args: SourceAsk; reply: Problem | null };
  /** What starting the import from the beginning means. Changes nothing. */
  "imports.restart_plan": { args: ImportRef; reply: RestartPlan };
  /** Forgets what the import has sent, and drops its tables in BigQuery: its next run sends every row. */
  "imports.restart": { args: ImportRef; reply: Import };
  /** Stops the import for good, and its run with it. */
  "imports.stop": { args: ImportRef; reply: Import };
  "runs.list": { args: RunsAsk; reply: Array<Run> };
  "runs.get": { args: RunRef; reply: Run };
  /** Nothing more is sent within a second. The run can be gone on with, and the import can run anew. */
  "runs.stop": { args: RunRef; reply: Run };
  /** Stops the run, and lets the import wait as Paused until the run is gone on with. */
  "runs.pause": { args: RunRef; reply: Run };
  /** What going on with a run would do, and what it costs. Does nothing. */
  "runs.resume_plan": { args: RunRef; reply: ResumePlan };
  /** Goes on with a run that is resumable. Progress comes as `run` signals. */
  "runs.resume": { args: RunResume; reply: Run };
  /** Leaves a run's events in doubt as they are: nobody is asked about them again. */
  "runs.leave_doubt": { args: RunRef; reply: Run };
  /** What sending records again would do, and what it costs. Sends nothing. */
  "runs.resend_plan": { args: ResendAsk; reply: ResendPlan };
  /** Fix and resend: profiles as the source has them now, events as they were stored. Progress comes as `run` signals. */
  "runs.resend": { args: ResendAsk; reply: Run };
  /** Takes an identity, and all values beside it, out of every record of every run. */
  "runs.forget_person": { args: ForgetAsk; reply: Forgotten };
  "runs.reasons": { args: RunRef; reply: RunReasons };
  "runs.records": { args: RecordsAsk; reply: RecordsPage };
  /** Asks where to, then writes what was not delivered as CSV with a last column *Failure Description*. */
  "runs.export": { args: RunRef; reply: Exported | null };
  /** Says what an answer means that somebody pasted. Asks nobody. */
  "problems.explain": { args: Pasted; reply: Problem };
  /** Opens a page of Google's or CleverTap's console in the person's browser. Other hosts are refused. */
  "open_link": { args: Link; reply: null };
};
