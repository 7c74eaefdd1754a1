//! The tools: their names, the words a model reads, their arguments.

use serde::Deserialize;
use serde_json::{Map, Value, json};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $word:literal),* $(,)?) => {
        /// A tool.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Name { $($(#[$doc])* $name),* }

        impl Name {
            /// As the protocol says it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The reverse of [`as_str`](Self::as_str).
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

names! {
    /// How far it is.
    ReportProgress = "report_progress",
    /// A question to a person.
    AskPerson = "ask_person",
    /// A part of the work as a task of its own.
    Delegate = "delegate",
    /// The project's tasks.
    ListTasks = "list_tasks",
    /// How one task stands.
    ReportTask = "report_task",
    /// The project's memory.
    ReadMemory = "read_memory",
    /// See [`ReadMemory`](Self::ReadMemory).
    WriteMemory = "write_memory",
    /// A question to the model of this machine.
    AskLocalModel = "ask_local_model",
}

/// A call with its arguments.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "tool", content = "arguments", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "arguments are described where models read of them, in `described`")]
pub enum Call {
    ReportProgress {
        text: String,
    },
    AskPerson {
        question: String,
        #[serde(default)]
        choices: Vec<String>,
    },
    Delegate {
        text: String,
        agent: Option<String>,
    },
    ListTasks {
        state: Option<String>,
    },
    ReportTask {
        id: String,
    },
    ReadMemory {
        name: Option<String>,
    },
    WriteMemory {
        name: String,
        text: String,
        version: Option<u32>,
    },
    AskLocalModel {
        prompt: String,
    },
}

/// The call, or what is wrong with its arguments.
pub(crate) fn read(name: Name, arguments: &Map<String, Value>) -> Result<Call, String> {
    let call = json!({ "tool": name.as_str(), "arguments": arguments });
    serde_json::from_value(call).map_err(|error| format!("the arguments of {}: {error}", name.as_str()))
}

/// What a model reads of a tool: words, and the schema of its arguments.
pub(crate) fn described(name: Name) -> (&'static str, Map<String, Value>) {
    let text = |words: &str| json!({ "type": "string", "description": words });
    match name {
        Name::ReportProgress => (
            "Tell the people who may be watching how far you are, in a sentence. Nobody answers.",
            schema(&[("text", text("One sentence."), true)]),
        ),
        Name::AskPerson => (
            "Ask a person to decide something that is theirs to decide. You do not get the answer now: the question is \
             noted, you finish what does not depend on it and end, and you are resumed with the answer.",
            schema(&[
                ("question", text("The question, with all that is needed to answer it."), true),
                (
                    "choices",
                    json!({ "type": "array", "items": { "type": "string" }, "maxItems": 9,
                        "description": "Answers to choose from, if there are such. Any other answer may come, too." }),
                    false,
                ),
            ]),
        ),
        Name::Delegate => (
            "Hand a separable part of the work on, as a task of its own in this project, done by another agent in its own \
             workspace and reviewed by a person. You do not get its result. The same text twice is one task.",
            schema(&[
                ("text", text("What is to be done, complete in itself."), true),
                ("agent", text("The agent that does it; yours when left out."), false),
            ]),
        ),
        Name::ListTasks => (
            "The latest tasks of this project, with their states.",
            schema(&[(
                "state",
                text("Only this state: queued, running, waiting, review, completed, failed, cancelled."),
                false,
            )]),
        ),
        Name::ReportTask => (
            "How a task stands: state, summary, change, checks, open questions.",
            schema(&[("id", text("Its id, or any unique beginning of it."), true)]),
        ),
        Name::ReadMemory => (
            "The project's memory: notes that earlier runs and people left. Without a name, all of it.",
            schema(&[("name", text("One entry."), false)]),
        ),
        Name::WriteMemory => (
            "Leave a note for later runs in this project: what was hard to find out and will be needed again. Markdown, short. \
             Replaces the entry of that name; an empty text removes it.",
            schema(&[
                ("name", text("Lower-case words joined by hyphens, as `build-notes`."), true),
                ("text", text("Markdown, at most 8 KiB."), true),
                (
                    "version",
                    json!({ "type": "integer", "minimum": 0,
                        "description": "The version you read (0: there was none). Refused when somebody wrote since." }),
                    false,
                ),
            ]),
        ),
        Name::AskLocalModel => (
            "Ask the model of this machine: free, smaller than you. For bulk reading and drafts whose result you check.",
            schema(&[("prompt", text("All it needs to know; it sees nothing else."), true)]),
        ),
    }
}

/// Fields with their schemas, and whether each is needed.
fn schema(fields: &[(&str, Value, bool)]) -> Map<String, Value> {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema, _)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<_> = fields.iter().filter(|field| field.2).map(|field| field.0).collect();
    let mut whole = Map::new();
    whole.insert("type".into(), json!("object"));
    whole.insert("properties".into(), json!(properties));
    whole.insert("required".into(), json!(required));
    whole.insert("additionalProperties".into(), json!(false));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Name; 8] = [
        Name::ReportProgress,
        Name::AskPerson,
        Name::Delegate,
        Name::ListTasks,
        Name::ReportTask,
        Name::ReadMemory,
        Name::WriteMemory,
        Name::AskLocalModel,
    ];

    /// What the schema says is what is read: every field it names is taken, with no other, and without those it needs
    /// nothing is.
    #[test]
    fn schemas_and_arguments_agree() {
        for name in ALL {
            let (_, schema) = described(name);
            let properties = schema["properties"].as_object().unwrap();
            let example = |field: &Value| match field["type"].as_str() {
                Some("array") => json!(["a"]),
                Some("integer") => json!(1),
                _ => json!("a"),
            };
            let whole: Map<_, _> =
                properties.iter().map(|(field, schema)| (field.clone(), example(schema))).collect();
            read(name, &whole).unwrap();
            for field in schema["required"].as_array().unwrap() {
                let mut less = whole.clone();
                less.remove(field.as_str().unwrap());
                assert!(read(name, &less).is_err(), "{name:?} needs {field}");
            }
            let mut more = whole;
            more.insert("isolation".into(), json!("none"));
            assert!(read(name, &more).unwrap_err().contains("isolation"), "{name:?}");
            assert_eq!(Name::parse(name.as_str()), Some(name));
        }
    }
}
