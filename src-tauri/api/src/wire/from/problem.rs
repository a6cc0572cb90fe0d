use tapline_core::ground::problem as core;

use crate::wire::problem::{Answer, Fix, Problem, Tool, Voice};

impl From<&core::Problem> for Problem {
    fn from(problem: &core::Problem) -> Self {
        Self {
            code: problem.code().as_str().to_owned(),
            voice: problem.code().entry().voice.into(),
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
            tool: problem.tool().map(Tool::from),
            command_does: problem.command_does(),
            settles: problem.settles().map(str::to_owned),
            console: problem.console(),
            message: problem.message(),
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

impl From<core::Voice> for Voice {
    fn from(voice: core::Voice) -> Self {
        match voice {
            core::Voice::Google => Self::Google,
            core::Voice::CleverTap => Self::CleverTap,
            core::Voice::Network => Self::Network,
            core::Voice::KeyFile => Self::KeyFile,
            core::Voice::Form => Self::Form,
            core::Voice::Import => Self::Import,
            core::Voice::ThisMachine => Self::ThisMachine,
        }
    }
}

impl From<core::Tool> for Tool {
    fn from(tool: core::Tool) -> Self {
        match tool {
            core::Tool::Gcloud => Self::Gcloud,
            core::Tool::Bq => Self::Bq,
            core::Tool::Sql => Self::Sql,
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
