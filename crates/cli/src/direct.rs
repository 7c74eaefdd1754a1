//! Asking a model without a harness: a process inside whatever contains the run. It sends one order
//! (`agents::direct::Order`) and tells what came back as lines of `agents::direct::Said`.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use agents::direct::{Order, Said, words_of};
use serde_json::Value;

/// The longest order, and the longest answer.
const MOST: u64 = 64 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(15);

/// The role `sidekick ask-model`.
pub(crate) fn main() -> ExitCode {
    let said = ask().unwrap_or_else(|said| Said::Refused { status: None, said });
    let answered = matches!(said, Said::Answered { .. });
    if tell(&said).is_ok() && answered { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ask() -> Result<Said, String> {
    let mut text = Vec::new();
    io::stdin().take(MOST).read_to_end(&mut text).map_err(|error| format!("the order: {error}"))?;
    let order: Order = serde_json::from_slice(&text).map_err(|error| format!("the order: {error}"))?;
    if order.url.starts_with("https://") {
        // In the sandbox the gateway is asked, which speaks to the provider.
        return Err(
            "a provider over https is asked through the gateway, which is there in the sandbox only".into()
        );
    }
    tell(&Said::Asked {}).map_err(|error| error.to_string())?;
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .build()
        .new_agent();
    let mut request = agent.post(&order.url);
    for (name, value) in &order.headers {
        request = request.header(name, value);
    }
    let mut answer = request.send_json(&order.body).map_err(|error| format!("{}: {error}", order.url))?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(MOST).read_to_string();
    let body = body.map_err(|error| format!("the answer was not read: {error}"))?;
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    if !(200..300).contains(&status) {
        let said = json["error"]["message"].as_str().unwrap_or(&body).to_owned();
        return Ok(Said::Refused { status: Some(status), said });
    }
    let text = words_of(&order.speaks, &json).filter(|text| !text.trim().is_empty());
    text.map(|text| Said::Answered { text }).ok_or_else(|| "the answer has no words in it".to_owned())
}

fn tell(said: &Said) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
