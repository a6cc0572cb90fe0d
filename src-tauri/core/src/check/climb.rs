//! The three waves: a token; a look at project, dataset and rights; a proof by reading. Calls of one wave go side by side.

use crate::bigquery::{Dataset, Estimate, Query, TableBrief, TableId, TableList, TableRef, quoted};
use crate::google::resource_manager;
use crate::ground::problem::{Code, Fact, Problem};

use super::board::Outcome;
use super::step::StepName;
use super::{Check, Observer, excess};

/// Enough to find a table among views.
const LISTED: u32 = 50;
/// What an import that keeps its state in the dataset would do there.
const WRITING: [&str; 2] = ["bigquery.tables.create", "bigquery.tables.updateData"];

impl Check {
    pub(super) async fn climb(&self, observe: Observer<'_>) {
        if !self.token(observe).await {
            return;
        }
        let listed = self.look(observe).await;
        let reading = self.prove_reading(listed, observe);
        let writing = self.prove_writing(observe);
        tokio::join!(reading, writing);
    }

    /// One step alone.
    pub(super) async fn one(&self, step: StepName, observe: Observer<'_>) {
        self.board.start(&[step], observe);
        let outcome = match step {
            StepName::KeySigns => self.sign(),
            StepName::GoogleAccepts => self.exchange().await,
            StepName::ProjectAnswers => {
                let (dataset, job, project) = tokio::join!(self.ask_dataset(), self.ask_job(), self.ask_project());
                self.project_answers(&dataset, &job, project)
            }
            StepName::DatasetFound => self.dataset_found(self.ask_dataset().await),
            StepName::MayRunJobs => may_run_jobs(self.ask_job().await),
            StepName::MayReadTables => {
                let listed = self.bigquery.tables(&self.target.dataset, LISTED, None).await;
                self.prove_reading(Some(listed), observe).await;
                return;
            }
            StepName::MayWrite => {
                self.prove_writing(observe).await;
                return;
            }
        };
        self.board.settle(step, outcome, observe);
    }

    /// First wave. Whether there is a token.
    async fn token(&self, observe: Observer<'_>) -> bool {
        self.board.start(&[StepName::KeySigns], observe);
        self.board.settle(StepName::KeySigns, self.sign(), observe);
        if !self.board.passed(StepName::KeySigns) {
            return false;
        }
        self.board.start(&[StepName::GoogleAccepts], observe);
        let outcome = self.exchange().await;
        self.board.settle(StepName::GoogleAccepts, outcome, observe);
        self.board.passed(StepName::GoogleAccepts)
    }

    fn sign(&self) -> Outcome {
        match self.tokens.sign() {
            Ok(_) => Outcome::Passed(Some(format!("key …{}", self.tokens.account().key_tail()))),
            Err(problem) => Outcome::Failed(problem),
        }
    }

    async fn exchange(&self) -> Outcome {
        let assertion = match self.tokens.sign() {
            Ok(assertion) => assertion,
            Err(problem) => return Outcome::Failed(problem),
        };
        match self.tokens.exchange(&assertion).await {
            Ok(token) => {
                self.tokens.keep(token).await;
                Outcome::Passed(Some(format!("as {}", self.tokens.account().email())))
            }
            Err(problem) => Outcome::Failed(problem),
        }
    }

    /// Second wave. What the dataset lists, where it was looked at.
    async fn look(&self, observe: Observer<'_>) -> Option<Result<TableList, Problem>> {
        self.board.start(
            &[
                StepName::ProjectAnswers,
                StepName::DatasetFound,
                StepName::MayRunJobs,
                StepName::MayReadTables,
            ],
            observe,
        );
        let (dataset, job, listed, project) = tokio::join!(
            self.ask_dataset(),
            self.ask_job(),
            self.bigquery.tables(&self.target.dataset, LISTED, None),
            self.ask_project(),
        );
        let answers = self.project_answers(&dataset, &job, project);
        let answered = !matches!(answers, Outcome::Failed(_));
        self.board.settle(StepName::ProjectAnswers, answers, observe);
        let same_project = self.target.billing() == &self.target.dataset.project;
        let running = if answered || !same_project {
            may_run_jobs(job)
        } else {
            Outcome::NotReached
        };
        self.board.settle(StepName::MayRunJobs, running, observe);
        if !answered {
            return None;
        }
        let found = self.dataset_found(dataset);
        let missing = matches!(&found, Outcome::Failed(problem) if problem.code() == Code::DatasetNotFound);
        self.board.settle(StepName::DatasetFound, found, observe);
        (!missing).then_some(listed)
    }

    async fn ask_dataset(&self) -> Result<Dataset, Problem> {
        self.bigquery.dataset(&self.target.dataset).await
    }

    /// Running anything at all, in the project that pays: the dataset's place is not known yet, and does not matter.
    async fn ask_job(&self) -> Result<Estimate, Problem> {
        let query = Query::new("SELECT 1", self.target.billing().clone()).in_location(self.target.location.clone());
        self.bigquery.dry_run(&query).await
    }

    async fn ask_project(&self) -> Option<resource_manager::Project> {
        resource_manager::project(&self.net, &self.tokens, self.target.dataset.project.as_str()).await
    }

    /// BigQuery answers in a project where it says anything about what is in it, a refusal included.
    fn project_answers(
        &self,
        dataset: &Result<Dataset, Problem>,
        job: &Result<Estimate, Problem>,
        project: Option<resource_manager::Project>,
    ) -> Outcome {
        let same_project = self.target.billing() == &self.target.dataset.project;
        let by_dataset = answer_of(dataset.as_ref().err());
        let by_job = if same_project {
            answer_of(job.as_ref().err())
        } else {
            Answers::Not
        };
        let name = project.map(|project| project.name);
        let sure = [by_dataset, by_job].contains(&Answers::Surely);
        let perhaps = [by_dataset, by_job].contains(&Answers::Perhaps);
        match dataset {
            Err(problem) if !sure && !perhaps && problem.code() == Code::ProjectNotFound => {
                Outcome::Failed(self.nearest_project(problem.clone()))
            }
            Err(problem) if !sure && !perhaps => Outcome::Failed(problem.clone()),
            _ if sure || name.is_some() => Outcome::Passed(name),
            _ => {
                let hidden = Problem::new(Code::ProjectHidden)
                    .with(Fact::Project, self.target.dataset.project.as_str())
                    .with(Fact::Member, self.tokens.account().email());
                Outcome::NotKnown(None, Some(self.nearest_project(hidden)))
            }
        }
    }

    /// The one project that is known without asking is the account's own. Where the typed one is nearly that, it is
    /// offered.
    fn nearest_project(&self, problem: Problem) -> Problem {
        let problem = problem.with(Fact::Field, "project_id");
        let slips = |own| strsim::damerau_levenshtein(own, self.target.dataset.project.as_str());
        match self.own_project() {
            Some(own) if (1..=2).contains(&slips(own)) => problem.with(Fact::Suggestion, own),
            _ => problem,
        }
    }

    /// The project that the service account belongs to, which its address names.
    pub(super) fn own_project(&self) -> Option<&str> {
        let (_, domain) = self.tokens.account().email().split_once('@')?;
        domain.strip_suffix(".iam.gserviceaccount.com")
    }

    fn dataset_found(&self, dataset: Result<Dataset, Problem>) -> Outcome {
        let found = match dataset {
            Ok(dataset) => dataset.location,
            Err(problem) if matches!(problem.code(), Code::DatasetNotFound | Code::DatasetGetDenied) => {
                return Outcome::Failed(problem.with(Fact::Field, "dataset_id"));
            }
            Err(problem) => return Outcome::Failed(problem),
        };
        self.board.learn_location(found.clone());
        match (found, &self.target.location) {
            (Some(found), Some(wanted)) if !found.is(wanted) => Outcome::Failed(
                Problem::new(Code::DatasetElsewhere)
                    .with(Fact::Dataset, self.target.dataset.dataset.as_str())
                    .with(Fact::Project, self.target.dataset.project.as_str())
                    .with(Fact::Location, wanted.as_str())
                    .with(Fact::DatasetLocation, found.as_str())
                    .with(Fact::Field, "location")
                    .with(Fact::Suggestion, found.as_str()),
            ),
            (Some(found), _) => Outcome::Passed(Some(format!("in {found}"))),
            (None, _) => Outcome::Passed(None),
        }
    }

    /// Third wave: one row of one table, or the promise of BigQuery that a view could be read.
    async fn prove_reading(&self, listed: Option<Result<TableList, Problem>>, observe: Observer<'_>) {
        let outcome = match listed {
            None => Outcome::NotReached,
            Some(Err(problem)) if problem.code() == Code::TablesListDenied => Outcome::NotKnown(None, Some(problem)),
            Some(Err(problem)) => Outcome::Failed(problem),
            Some(Ok(list)) => match choose(&list.tables) {
                Some((table, brief)) => self.read(table, brief).await,
                None => Outcome::NotKnown(Some("the dataset has no tables".to_owned()), None),
            },
        };
        self.board.settle(StepName::MayReadTables, outcome, observe);
    }

    async fn read(&self, id: TableId, brief: &TableBrief) -> Outcome {
        let table = self.target.dataset.table(id);
        let mut read = if brief.kind.has_rows_of_its_own() {
            self.bigquery.rows(&table, 0, 1).await.map(drop)
        } else {
            self.read_by_query(&table).await
        };
        if read.as_ref().is_err_and(only_queries_read) {
            read = self.read_by_query(&table).await;
        }
        match read {
            Ok(()) => Outcome::Passed(Some(format!("read {}", table.table))),
            // The table may be read, and an import need not take the column.
            Err(problem) if problem.code() == Code::PolicyTagDenied => {
                Outcome::NotKnown(None, Some(self.bigquery.with_tag_named(problem).await))
            }
            // It was there a moment ago; somebody drops tables, and nothing is known of the others.
            Err(problem) if problem.code() == Code::TableNotFound => Outcome::NotKnown(None, Some(problem)),
            // Whether queries may run has a step of its own.
            Err(problem) if problem.code() == Code::JobsCreateDenied => Outcome::NotKnown(None, Some(problem)),
            Err(problem) => Outcome::Failed(self.for_all_tables(problem)),
        }
    }

    /// BigQuery's promise that a query would read it.
    async fn read_by_query(&self, table: &TableRef) -> Result<(), Problem> {
        let name = format!("{}.{}.{}", table.dataset.project, table.dataset.dataset, table.table);
        let found = self.board.location();
        let place = self.target.location.clone().or_else(|| found.clone());
        let query = Query::new(
            format!("SELECT *\nFROM {}\nLIMIT 1", quoted(&name)),
            self.target.billing().clone(),
        );
        let client = self.bigquery.clone().knowing(&self.target.dataset, found);
        client.dry_run(&query.in_location(place)).await.map(drop)
    }

    /// One table stood for all of the dataset's: imports will read others. A view's own table, in another dataset, stands for
    /// itself, and so does one with policies of its own.
    fn for_all_tables(&self, problem: Problem) -> Problem {
        let dataset = &self.target.dataset;
        let is = |fact, name: &str| problem.facts().get(fact) == Some(name);
        let its_own = problem.code() == Code::RowPolicyDenied;
        if !its_own && is(Fact::Project, dataset.project.as_str()) && is(Fact::Dataset, dataset.dataset.as_str()) {
            return problem.with(Fact::Scope, "dataset");
        }
        problem
    }

    /// Whether the account may write, from what Google says of its rights. Nothing is written to find out.
    async fn prove_writing(&self, observe: Observer<'_>) {
        if !self.board.passed(StepName::DatasetFound) {
            self.board.settle(StepName::MayWrite, Outcome::NotReached, observe);
            return;
        }
        if !self.board.is_running(StepName::MayWrite) {
            self.board.start(&[StepName::MayWrite], observe);
        }
        let project = self.target.dataset.project.as_str();
        let mut rights: Vec<_> = WRITING.into_iter().chain(excess::rights()).collect();
        rights.sort_unstable();
        rights.dedup();
        let (by_dataset, by_project) = tokio::join!(
            self.bigquery.may_write(&self.target.dataset),
            resource_manager::held(&self.net, &self.tokens, project, &rights),
        );
        let member = self.tokens.account().email();
        let on_dataset = matches!(by_dataset, Ok(Some(true)));
        let caution = by_project
            .as_deref()
            .and_then(|held| excess::found(held, &self.target, member, on_dataset));
        self.board.caution(caution);
        let outcome = if on_dataset {
            Outcome::Passed(Some("by a role on the dataset".to_owned()))
        } else if by_project.is_some_and(|held| WRITING.iter().all(|right| held.iter().any(|one| one == right))) {
            Outcome::Passed(Some("by a role on the project".to_owned()))
        } else {
            Outcome::NotKnown(Some("reading does not need it".to_owned()), None)
        };
        self.board.settle(StepName::MayWrite, outcome, observe);
    }
}

fn may_run_jobs(job: Result<Estimate, Problem>) -> Outcome {
    match job {
        Ok(_) => Outcome::Passed(None),
        Err(problem) => Outcome::Failed(problem),
    }
}

/// Whether a table cannot be listed as it lies, and a query reads it all the same, as an import does.
pub(super) fn only_queries_read(problem: &Problem) -> bool {
    matches!(
        problem.code(),
        Code::RowPolicyDenied | Code::UpsertsPending | Code::TableHasNoRows
    )
}

/// Whether a call shows that BigQuery answers in its project.
#[derive(Clone, Copy, PartialEq)]
enum Answers {
    Surely,
    /// It refused in words that it also has for a project that does not exist.
    Perhaps,
    Not,
}

fn answer_of(problem: Option<&Problem>) -> Answers {
    match problem.map(Problem::code) {
        None | Some(Code::DatasetNotFound | Code::QueryInvalid | Code::BytesCapExceeded) => Answers::Surely,
        Some(Code::DatasetGetDenied | Code::JobsCreateDenied | Code::PermissionDenied | Code::AccessDenied) => {
            Answers::Perhaps
        }
        Some(_) => Answers::Not,
    }
}

/// A table to read from: one with rows of its own, where there is one.
fn choose(tables: &[TableBrief]) -> Option<(TableId, &TableBrief)> {
    let named = |table: &&TableBrief| TableId::read(&table.id).is_ok();
    let own = tables
        .iter()
        .filter(|table| table.kind.has_rows_of_its_own())
        .find(named);
    let table = own.or_else(|| tables.iter().find(named))?;
    TableId::read(&table.id).ok().map(|id| (id, table))
}
