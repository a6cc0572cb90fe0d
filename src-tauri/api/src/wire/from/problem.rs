use tapline_core::ground::problem as core;

use crate::wire::problem::{Answer, Fix, Problem};

impl From<&core::Problem> for Problem {
    fn from(problem: &core::Problem) -> Self {
        Self {
            code: problem.code().as_str().to_owned(),
            facts: problem
                .facts()
                .iter()
                .map(|(fact, value)| (fact.as_str().to_owned(), value.to_owned()))
                .collect(),
            title: problem.title(),
            explanation: problem.explanation(),
            who: problem.who(),
            retryable: problem.retryable(),
            fix: problem.fix().map(Fix::from),
            command: problem.command(),
            answer: problem.answer().map(Answer::from),
        }
    }
}

impl From<core::Problem> for Problem {
    fn from(problem: core::Problem) -> Self {
        Self::from(&problem)
    }
}

impl From<core::Fix> for Fix {
    fn from(fix: core::Fix) -> Self {
        match fix {
            core::Fix::Command(command) => Self::Command { command },
            core::Fix::Use { field, value } => Self::Use { field, value },
        }
    }
}

impl From<&core::Answer> for Answer {
    fn from(answer: &core::Answer) -> Self {
        Self {
            asked: answer.asked.clone(),
            status: answer.status,
            said: answer.said.clone(),
            body: answer.body.clone(),
        }
    }
}
