//! `tapline explain`: what an answer means that somebody pasted.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use tapline_api::offline;
use tapline_api::wire::problem::Problem;

use crate::args::Explain;
use crate::input;
use crate::say::{Answered, Said, clean, not_understood, problem_words};

pub fn explain(ask: &Explain, verbose: bool) -> Answered {
    let context = ask.context.as_deref().map(beside_stdin).transpose()?;
    let request = ask.request.as_deref().map(beside_stdin).transpose()?;
    // Nobody types an answer: without one there is none.
    let body = if std::io::stdin().is_terminal() {
        Vec::new()
    } else {
        input::answer(Path::new("-"))?
    };
    let (problems, unknown) = offline::explain(
        &ask.call,
        ask.status,
        &ask.headers,
        body,
        context.as_deref(),
        request.as_deref(),
    )
    .map_err(|unread| not_understood(&unread.explanation))?;
    for name in unknown {
        let _ = writeln!(
            std::io::stderr(),
            "The context's {} means nothing here.",
            clean(&name).chars().take(80).collect::<String>()
        );
    }
    Ok(said(&problems, verbose))
}

/// The first on top for those who ask for one field, and beneath `problem` as everywhere else; all others in `also`.
fn said(problems: &[Problem], verbose: bool) -> Said {
    let Some((first, others)) = problems.split_first() else {
        return Said::whole(serde_json::Value::Null, String::new());
    };
    let words: Vec<String> = problems.iter().map(|problem| problem_words(problem, verbose)).collect();
    let mut object = serde_json::to_value(first).unwrap_or_default();
    if let Some(fields) = object.as_object_mut() {
        let whole = serde_json::to_value(first).unwrap_or_default();
        fields.insert("problem".to_owned(), whole);
        fields.insert("also".to_owned(), serde_json::to_value(others).unwrap_or_default());
    }
    Said::whole(object, words.join("\n\n"))
}

fn beside_stdin(path: &Path) -> Result<String, Problem> {
    if path.as_os_str() == "-" {
        return Err(not_understood(
            "Stdin is where the answer's body comes from. Name a file.",
        ));
    }
    // What stands beside the answer is a part of the question.
    input::text(path).map_err(|unread| not_understood(&format!("{}. {}", unread.title, unread.explanation)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::beside_stdin;
    use crate::say::not_understood;

    #[test]
    fn a_file_beside_the_answer_that_is_not_there_was_not_understood() {
        let problem = beside_stdin(Path::new("no/such/context.json")).expect_err("it is not there");
        assert_eq!(
            problem.code,
            not_understood("").code,
            "so the command ends with 2, as its help says"
        );
        assert!(
            problem.explanation.contains("no/such/context.json"),
            "{}",
            problem.explanation
        );
    }
}
