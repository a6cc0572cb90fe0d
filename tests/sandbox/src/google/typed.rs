//! What an administrator types: the few commands of `gcloud` and `bq` that change who may do what, taken as strictly as
//! Google's tools take them. So a command that the product prints can be tried.

use std::time::Duration;

use super::{AccountState, Google, ProjectState, Resource, Role};

/// A line that Google's tools would not take, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not taken: {why}: {line}")]
pub struct NotTaken {
    pub line: String,
    pub why: String,
}

/// What a line asks for.
#[derive(Debug, PartialEq)]
enum Wanted {
    Grant(Binding),
    Revoke(Binding),
    EnableService { project: String },
    EnableAccount { email: String },
}

#[derive(Debug, PartialEq)]
struct Binding {
    member: String,
    role: Role,
    on: Resource,
}

impl Google {
    /// Carries out one line, as an administrator who may do everything would.
    pub fn type_command(&self, line: &str) -> Result<(), NotTaken> {
        self.typed(line, None)
    }

    /// As [`Google::type_command`], but what it grants shows only after a while, as real grants do.
    pub fn type_command_slowly(&self, line: &str, delay: Duration) -> Result<(), NotTaken> {
        self.typed(line, Some(delay))
    }

    /// A line may be two commands with `&&` between: the second is carried out where the first was.
    fn typed(&self, line: &str, delay: Option<Duration>) -> Result<(), NotTaken> {
        line.split(" && ").try_for_each(|line| self.typed_alone(line, delay))
    }

    fn typed_alone(&self, line: &str, delay: Option<Duration>) -> Result<(), NotTaken> {
        let not_taken = |why: String| NotTaken {
            line: line.to_owned(),
            why,
        };
        match read(line).map_err(not_taken)? {
            Wanted::Grant(Binding { member, role, on }) => {
                self.is_there(&on).map_err(not_taken)?;
                match delay {
                    Some(delay) => self.grant_slowly(&member, &on, role, delay),
                    None => self.grant(&member, &on, role),
                }
            }
            Wanted::Revoke(Binding { member, role, on }) => {
                if !self.books().grants.has(&member, &on, role.name()) {
                    return Err(not_taken(
                        "Policy binding with the specified principal, role, and condition not found!".into(),
                    ));
                }
                self.revoke(&member, &on, role);
            }
            Wanted::EnableService { project } => self.add_project(&project, ProjectState::Active),
            Wanted::EnableAccount { email } => self.set_account_state(&email, AccountState::Active),
        }
        Ok(())
    }

    fn is_there(&self, resource: &Resource) -> Result<(), String> {
        let (project, dataset) = match resource {
            Resource::Project { project } => (project, None),
            Resource::Dataset { project, dataset } | Resource::Table { project, dataset, .. } => {
                (project, Some(dataset))
            }
        };
        if !self.books().projects.contains_key(project) {
            return Err(format!("Not found: Project {project}"));
        }
        match dataset.filter(|dataset| self.location_of(project, dataset).is_none()) {
            Some(dataset) => Err(format!("Not found: Dataset {project}:{dataset}")),
            None => Ok(()),
        }
    }
}

fn read(line: &str) -> Result<Wanted, String> {
    let words = words(line)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["gcloud", "projects", verb, project, flags @ ..] => {
            let mut flags = Flags::of(flags)?;
            let wanted = flags.binding(Resource::project(project))?;
            if flags.take("condition")? != "None" {
                return Err("a condition was not expected".into());
            }
            flags.done()?;
            bound(verb, wanted)
        }
        ["gcloud", "services", "enable", service, flags @ ..] => {
            let mut flags = Flags::of(flags)?;
            let project = flags.take("project")?;
            flags.done()?;
            if *service != "bigquery.googleapis.com" {
                return Err(format!("service {service} is not known here"));
            }
            Ok(Wanted::EnableService { project })
        }
        ["gcloud", "iam", "service-accounts", "enable", email] => Ok(Wanted::EnableAccount {
            email: (*email).to_owned(),
        }),
        ["bq", "query", flags @ .., sql] => {
            let mut flags = Flags::of(flags)?;
            flags.take("project_id")?;
            if flags.take("use_legacy_sql")? != "false" {
                return Err("legacy SQL knows no GRANT".into());
            }
            flags.done()?;
            by_sql(sql)
        }
        ["bq", verb, flags @ .., table] => {
            let mut flags = Flags::of(flags)?;
            let wanted = flags.binding(table_named(table)?)?;
            if flags.take("table")? != "true" {
                return Err("bq grants on tables alone".into());
            }
            flags.done()?;
            bound(verb, wanted)
        }
        _ => Err("no such command".into()),
    }
}

fn bound(verb: &str, binding: Binding) -> Result<Wanted, String> {
    match verb {
        "add-iam-policy-binding" => Ok(Wanted::Grant(binding)),
        "remove-iam-policy-binding" => Ok(Wanted::Revoke(binding)),
        _ => Err(format!("no such command: {verb}")),
    }
}

/// `project:dataset.table`, where the project may have a colon of its own.
fn table_named(name: &str) -> Result<Resource, String> {
    let parts = name.rsplit_once(':').and_then(|(project, rest)| {
        let (dataset, table) = rest.split_once('.')?;
        Some((project, dataset, table))
    });
    match parts {
        Some((project, dataset, table)) if ![project, dataset, table].contains(&"") => {
            Ok(Resource::table(project, dataset, table))
        }
        _ => Err(format!("{name} is not a table")),
    }
}

/// `--name=value`, each once.
struct Flags(Vec<(String, String)>);

impl Flags {
    fn of(words: &[&str]) -> Result<Self, String> {
        let flag = |word: &&str| {
            let (name, value) = word.strip_prefix("--")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let flags = words
            .iter()
            .map(|word| flag(word).ok_or_else(|| format!("unrecognized argument: {word}")));
        flags.collect::<Result<_, _>>().map(Self)
    }

    fn take(&mut self, name: &str) -> Result<String, String> {
        let at = self.0.iter().position(|(known, _)| known == name);
        let at = at.ok_or_else(|| format!("argument --{name} must be specified"))?;
        Ok(self.0.remove(at).1)
    }

    fn binding(&mut self, on: Resource) -> Result<Binding, String> {
        binding(&self.take("member")?, &self.take("role")?, on)
    }

    fn done(self) -> Result<(), String> {
        match self.0.first() {
            Some((name, _)) => Err(format!("unrecognized argument: --{name}")),
            None => Ok(()),
        }
    }
}

fn binding(member: &str, role: &str, on: Resource) -> Result<Binding, String> {
    let email = member
        .strip_prefix("serviceAccount:")
        .filter(|email| email.contains('@'))
        .ok_or_else(|| format!("{member} is not a member"))?;
    let role = Role::named(role).ok_or_else(|| format!("Role {role} does not exist"))?;
    if !role.fits(&on) {
        return Err(format!("Role {} is not supported for this resource", role.name()));
    }
    Ok(Binding {
        member: email.to_owned(),
        role,
        on,
    })
}

/// GRANT and REVOKE of one role, on a dataset or a table, to one member.
fn by_sql(sql: &str) -> Result<Wanted, String> {
    let tokens = tokens(sql)?;
    let tokens: Vec<(char, &str)> = tokens.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
    let [
        ('w', verb),
        ('`', role),
        ('w', "ON"),
        ('w', kind),
        path @ ..,
        ('w', toward),
        ('"', member),
    ] = tokens.as_slice()
    else {
        return Err("Syntax error".into());
    };
    let names: Vec<&str> = path
        .iter()
        .filter(|(kind, _)| *kind != '.')
        .map(|(_, name)| *name)
        .collect();
    let dotted = path.iter().skip(1).step_by(2).all(|(kind, _)| *kind == '.');
    let on = match (*kind, names.as_slice()) {
        _ if !dotted || path.len() != names.len() * 2 - 1 => return Err("Syntax error in the path".into()),
        ("SCHEMA", [project, dataset]) => Resource::dataset(project, dataset),
        ("TABLE" | "VIEW", [project, dataset, table]) => Resource::table(project, dataset, table),
        _ => return Err(format!("{kind} takes another path")),
    };
    let binding = binding(member, role, on)?;
    match (*verb, *toward) {
        ("GRANT", "TO") => Ok(Wanted::Grant(binding)),
        ("REVOKE", "FROM") => Ok(Wanted::Revoke(binding)),
        _ => Err("Syntax error".into()),
    }
}

/// Words (`w`), names in back-ticks, texts in double quotes, and dots.
fn tokens(sql: &str) -> Result<Vec<(char, String)>, String> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '`' | '"' => {
                let end = rest[1..].find(first).ok_or("Unclosed name or text")?;
                ((first, rest[1..=end].to_owned()), end + 2)
            }
            '.' => (('.', ".".to_owned()), 1),
            _ => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
                if end == 0 {
                    return Err(format!("Illegal input character {first:?}"));
                }
                (('w', rest[..end].to_owned()), end)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// The words of one simple command, as a POSIX shell would split it. What would be more than that is refused.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('\'') => break,
                        Some(letter) => word.push(letter),
                        None => return Err("a quote is not closed".into()),
                    }
                }
            }
            '\\' => word
                .get_or_insert_default()
                .push(letters.next().ok_or("a backslash ends the line")?),
            '"' | '`' | '$' | ';' | '|' | '&' | '<' | '>' | '(' | ')' | '\n' | '*' | '?' | '#' | '!' | '~' => {
                return Err(format!("the shell would not take {letter:?} as it is"));
            }
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::{Resource, Wanted, read};

    #[test]
    fn commands_are_read_as_googles_tools_read_them() {
        let rows = [
            (
                "gcloud projects add-iam-policy-binding acme-dw --member=serviceAccount:a@b --role=roles/bigquery.jobUser --condition=None",
                Resource::project("acme-dw"),
            ),
            (
                "bq query --project_id=acme-dw --use_legacy_sql=false 'GRANT `roles/bigquery.dataViewer` ON SCHEMA `acme-dw`.`shop` TO \"serviceAccount:a@b\"'",
                Resource::dataset("acme-dw", "shop"),
            ),
            (
                "bq add-iam-policy-binding --member=serviceAccount:a@b --role=roles/bigquery.dataViewer --table=true acme-dw:shop.'daily orders'",
                Resource::table("acme-dw", "shop", "daily orders"),
            ),
        ];
        for (line, on) in rows {
            match read(line) {
                Ok(Wanted::Grant(binding)) => {
                    assert_eq!((binding.on, binding.member.as_str()), (on, "a@b"), "{line}");
                }
                other => panic!("{line}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_googles_tools_refuse_is_refused() {
        for line in [
            "gcloud projects add-iam-policy-binding acme-dw --member=a@b --role=roles/bigquery.jobUser --condition=None",
            "gcloud projects add-iam-policy-binding acme-dw --member=serviceAccount:a@b --role=roles/made.up --condition=None",
            "gcloud projects add-iam-policy-binding acme-dw --member=serviceAccount:a@b --role=roles/bigquery.jobUser",
            "bq query --project_id=p --use_legacy_sql=false 'GRANT `roles/bigquery.jobUser` ON SCHEMA `p`.`d` TO \"serviceAccount:a@b\"'",
            "bq query --project_id=p --use_legacy_sql=false 'GRANT `roles/bigquery.dataViewer` ON SCHEMA `p`.`d`.`t` TO \"serviceAccount:a@b\"'",
            "bq query --project_id=p --use_legacy_sql=false 'GRANT `roles/bigquery.dataViewer` ON SCHEMA `p` `d` TO \"serviceAccount:a@b\"'",
            "bq add-iam-policy-binding --member=serviceAccount:a@b --role=roles/bigquery.dataViewer p:d.t",
            "gcloud iam service-accounts enable a@b; rm -rf ~",
            "gcloud iam service-accounts enable $(whoami)",
            "bq query 'unclosed",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
