use tapline_core::ground::problem as core;

use crate::wire::problem::{Answer, Command, Fix, Problem, Shell, Tool, Voice};

impl From<&core::Problem> for Problem {
    fn from(problem: &core::Problem) -> Self {
        let commands: Vec<Command> = problem
            .commands(core::Shell::here())
            .into_iter()
            .map(Command::from)
            .collect();
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
            fix: fix(problem, commands.first()),
            command: commands.first().map(|command| command.line.clone()),
            commands,
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

fn fix(problem: &core::Problem, command: Option<&Command>) -> Option<Fix> {
    match problem.fix()? {
        core::Fix::Use { field, value } => Some(Fix::Use { field, value }),
        core::Fix::Command(_) => command.map(|command| Fix::Command {
            command: command.line.clone(),
        }),
    }
}

impl From<(core::Shell, String)> for Command {
    fn from((shell, line): (core::Shell, String)) -> Self {
        let shell = match shell {
            core::Shell::Posix => Shell::Posix,
            core::Shell::PowerShell => Shell::PowerShell,
            core::Shell::CommandPrompt => Shell::CommandPrompt,
        };
        Self { shell, line }
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
            core::Tool::Tapline => Self::Tapline,
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
