use super::super::{Answer, CATALOGUE, Code, Fact, Facts, Problem, Tool, Who};

/// Where every fact is known, with plain names.
fn known(code: Code) -> Problem {
    let facts = [
        (Fact::Project, "acme-dw"),
        (Fact::BillingProject, "acme-pays"),
        (Fact::Dataset, "sales"),
        (Fact::Table, "orders"),
        (Fact::Member, "loader@acme-keys.iam.gserviceaccount.com"),
        (Fact::Role, "roles/bigquery.dataViewer"),
        (Fact::Service, "bigquery.googleapis.com"),
        (Fact::Permission, "bigquery.tables.getData"),
        (Fact::Resource, "acme-dw:sales.orders"),
    ];
    let problem = facts
        .into_iter()
        .fold(Problem::new(code), |problem, (fact, value)| problem.with(fact, value));
    problem.answered(Answer {
        asked: "tabledata.list acme-dw:sales.orders".to_owned(),
        status: Some(403),
        said: Some("Access Denied: Table acme-dw:sales.orders".to_owned()),
        body: None,
    })
}

#[test]
fn a_command_is_marked_by_what_it_is_for() {
    for (code, tool, start) in [
        (
            Code::JobsCreateDenied,
            Tool::Gcloud,
            "gcloud projects add-iam-policy-binding acme-pays ",
        ),
        (Code::DatasetGetDenied, Tool::Sql, "bq query --project_id=acme-dw "),
        (Code::TablesGetDataDenied, Tool::Bq, "bq add-iam-policy-binding "),
        (
            Code::ApiDisabled,
            Tool::Gcloud,
            "gcloud services enable bigquery.googleapis.com ",
        ),
    ] {
        let problem = known(code);
        assert_eq!(problem.tool(), Some(tool), "{code:?}");
        let command = problem.command().expect("every fact is known");
        assert!(command.starts_with(start), "{code:?}: {command}");
    }
    assert_eq!(
        Problem::new(Code::ApiDisabled).tool(),
        None,
        "no command is for nothing"
    );
}

#[test]
fn a_table_is_granted_alone_unless_the_need_is_the_whole_dataset() {
    let problem = known(Code::TablesGetDataDenied);
    let command = problem.command().expect("a command");
    assert!(command.ends_with("--table=true acme-dw:sales.orders"), "{command}");
    assert_eq!(
        problem.command_does().as_deref(),
        Some(
            "It gives loader@acme-keys.iam.gserviceaccount.com the role BigQuery Data Viewer on the table sales.orders, \
             and on no other table. The role lets it see and read tables and views there; it does not let it change, \
             delete or share anything."
        ),
        "and it says what is not granted"
    );
    let wide = problem.with(Fact::Scope, "dataset");
    assert_eq!(wide.tool(), Some(Tool::Sql), "a dataset is granted by SQL");
    assert!(
        wide.settles().is_some_and(|words| words.contains("some minutes")),
        "a grant is slow to show"
    );
}

#[test]
fn a_pasted_answer_that_names_no_account_still_has_its_command_with_a_blank_for_it() {
    let pasted = [
        (Fact::Project, "acme-dw"),
        (Fact::Dataset, "sales"),
        (Fact::Role, "roles/bigquery.dataViewer"),
    ]
    .into_iter()
    .fold(Problem::new(Code::TablesGetDataDenied), |problem, (fact, value)| {
        problem.with(fact, value)
    });
    let command = pasted.command().expect("a command with a blank");
    assert!(command.contains("TO \"serviceAccount:MEMBER\""), "{command}");
    let does = pasted.command_does().expect("what it does");
    assert!(
        does.ends_with("MEMBER stands for the address of the service account: put it in."),
        "the blank is said to be one: {does}"
    );
    assert!(
        !pasted.facts().iter().any(|(fact, _)| fact == Fact::Member),
        "a blank is no fact"
    );

    let hostile = pasted.clone().with(Fact::Member, "a`b\nc");
    assert_eq!(
        hostile.command(),
        None,
        "an address that is unfit is not replaced by a blank"
    );
    assert_eq!(
        Problem::new(Code::TablesGetDataDenied).command(),
        None,
        "an address is the one thing that may be left blank"
    );
}

#[test]
fn pages_of_the_console_are_filled_and_escaped() {
    assert_eq!(
        known(Code::TablesGetDataDenied)
            .with(Fact::Table, "daily orders&x=1")
            .console()
            .as_deref(),
        Some(
            "https://console.cloud.google.com/bigquery?project=acme-dw&p=acme-dw&d=sales&t=daily%20orders%26x%3D1&page=table"
        ),
        "a name cannot add to an address"
    );
    assert_eq!(
        known(Code::KeyRefused).console().as_deref(),
        Some("https://console.cloud.google.com/iam-admin/serviceaccounts?project=acme-keys"),
        "keys are made in the account's own project"
    );
    assert_eq!(
        Problem::new(Code::TablesGetDataDenied)
            .with(Fact::Project, "acme-dw")
            .console()
            .as_deref(),
        Some("https://console.cloud.google.com/bigquery?project=acme-dw"),
        "where less is known, the page is a wider one"
    );
    for entry in CATALOGUE {
        for page in entry.console {
            assert!(
                page.starts_with("https://console.cloud.google.com/"),
                "{:?}: {page}",
                entry.code
            );
        }
    }
}

#[test]
fn the_letter_says_who_asks_what_is_missing_what_was_said_and_the_one_command() {
    let problem = known(Code::TablesGetDataDenied);
    let letter = problem.message().expect("an owner of the dataset can mend it");
    for part in [
        "with Tapline",
        "the service account loader@acme-keys.iam.gserviceaccount.com",
        "Missing: bigquery.tables.getData on acme-dw:sales.orders",
        "What was asked: tabledata.list acme-dw:sales.orders",
        "Google's answer: 403 Access Denied: Table acme-dw:sales.orders",
        &problem.command().expect("a command"),
        &problem.command_does().expect("its bounds"),
        &problem.console().expect("a page"),
    ] {
        assert!(letter.contains(part), "{part} is not in:\n{letter}");
    }
    assert_eq!(
        letter.matches("add-iam-policy-binding").count(),
        1,
        "one command:\n{letter}"
    );
    assert_eq!(
        known(Code::DatasetNotFound).message(),
        None,
        "what the person here can mend needs no letter"
    );
}

#[test]
fn an_answer_cannot_add_lines_to_the_letter() {
    let hostile = "no\nRun this instead:\r\n    rm -rf ~\u{1b}[2J\u{202e}";
    let problem = known(Code::DatasetGetDenied)
        .with(Fact::Resource, hostile)
        .answered(Answer {
            asked: hostile.to_owned(),
            status: Some(403),
            said: Some(hostile.to_owned()),
            body: None,
        });
    let letter = problem.message().expect("a letter");
    assert!(
        !letter.lines().any(|line| line.trim_start().starts_with("rm ")),
        "{letter}"
    );
    assert!(
        !letter.chars().any(|c| c != '\n' && super::words::steers(c)),
        "{letter:?}"
    );
}

#[test]
fn every_remedy_says_what_it_does_and_every_command_can_be_filled() {
    for entry in CATALOGUE {
        for command in entry.commands {
            let constraints = ["constraints/iam.plain", "constraints/iam.managed.plain"];
            let known = constraints.map(|constraint| {
                let mut facts = all_facts();
                facts.set(Fact::Constraint, constraint);
                facts
            });
            assert!(
                known
                    .iter()
                    .any(|facts| super::shell::words(command.template, facts).is_some()),
                "{:?} has a command that no facts complete: {}",
                entry.code,
                command.template
            );
        }
        let problem = known(entry.code);
        if let Some(command) = problem.command() {
            assert!(
                problem.command_does().is_some(),
                "{:?} does not say what {command} allows",
                entry.code
            );
        }
    }
}

fn all_facts() -> Facts {
    let mut facts = Facts::default();
    for fact in Fact::ALL {
        facts.set(*fact, "plain");
    }
    facts
}

#[test]
fn whoever_is_asked_in_googles_console_is_shown_where() {
    for entry in CATALOGUE {
        // A sheet is shared in Google Drive, another database opens itself, and of the unknown no page is known.
        let elsewhere = matches!(
            entry.code,
            Code::DriveDenied | Code::UpstreamDenied | Code::GoogleRefused
        );
        let asked = matches!(
            entry.who,
            Who::ProjectAdmin | Who::DatasetOwner | Who::OrganisationAdmin
        ) && !elsewhere;
        assert!(
            !asked || !entry.console.is_empty() || !entry.commands.is_empty(),
            "{:?} sends somebody to Google's console and does not say where",
            entry.code
        );
        for command in entry.commands {
            let grants = ["iam-policy-binding", "GRANT "]
                .iter()
                .any(|part| command.template.contains(part));
            assert!(
                !grants || command.settles.is_some(),
                "{:?}: a grant is slow to show, and nobody says so",
                entry.code
            );
        }
    }
}
