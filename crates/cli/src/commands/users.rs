//! `sidekick users` and `sidekick tokens`: who may come in, and with what.

use std::io::BufRead;
use std::process::ExitCode;

use api::{ChangeUser, CreateToken, CreateUser, NewToken, Page, TokenView, UserView, escaped};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::look;
use crate::args::{Args, TokensAction, UsersAction};
use crate::error::{Error, Result};
use crate::show::ago;
use crate::ui::{Tone, Ui, plain};

pub(crate) fn users(args: &Args, action: Option<&UsersAction>, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let client = &connection.client;
    match action.unwrap_or(&UsersAction::List) {
        UsersAction::List => {
            let page: Page<UserView> = client.get("/api/users")?;
            return Ok(list_users(&page.items, ui));
        }
        UsersAction::Add { name, role, password } => {
            let password = password.then(|| read_password(ui)).transpose()?;
            let body = CreateUser { name: name.clone(), role: role.clone(), password };
            let user: UserView = client.post("/api/users", &body, None)?;
            said(ui, &user, &format!("{name} may come in as {role}."));
            if !user.password && !ui.json {
                ui.say(format!("`sidekick link --user {name}` prints a link for them."));
            }
        }
        UsersAction::Set { name, role, password, disable, enable } => {
            let password = password.then(|| read_password(ui)).transpose()?;
            let disabled = (*disable || *enable).then_some(*disable);
            let body = ChangeUser { role: role.clone(), password, disabled };
            let user: UserView = client.patch(&format!("/api/users/{}", escaped(name)), &body)?;
            let stand = if user.disabled { "kept out" } else { "in" };
            said(ui, &user, &format!("{name} is {stand}, as {}.", user.role));
        }
        UsersAction::Remove { name } => {
            client.delete(&format!("/api/users/{}", escaped(name)))?;
            ui.say(format!("{name} is removed; their tokens and sessions are void."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn said(ui: &Ui, user: &UserView, text: &str) {
    if ui.json {
        ui.json(user);
    } else {
        ui.out(text);
    }
}

fn list_users(users: &[UserView], ui: &Ui) -> ExitCode {
    if ui.json {
        ui.json(&users);
        return ExitCode::SUCCESS;
    }
    if users.is_empty() {
        ui.out("There is nobody but you. `sidekick users add NAME --role ROLE` adds somebody.");
    }
    let row = |user: &UserView| {
        let state = match (user.disabled, user.password) {
            (true, _) => "kept out",
            (false, true) => "with a password",
            (false, false) => "by links",
        };
        vec![(Tone::Strong, plain(&user.name)), (Tone::Dim, user.role.clone()), (Tone::Dim, state.to_owned())]
    };
    ui.table(&users.iter().map(row).collect::<Vec<_>>());
    ExitCode::SUCCESS
}

pub(crate) fn tokens(args: &Args, action: Option<&TokensAction>, ui: &Ui) -> Result<ExitCode> {
    let connection = look(args)?;
    let client = &connection.client;
    match action.unwrap_or(&TokensAction::List) {
        TokensAction::List => {
            let page: Page<TokenView> = client.get("/api/tokens")?;
            return Ok(list_tokens(&page.items, ui));
        }
        TokensAction::Add { name, role, days } => {
            let body = CreateToken { name: name.clone(), role: Some(role.clone()), days: *days };
            let made: NewToken = client.post("/api/tokens", &body, None)?;
            if ui.json {
                ui.json(&made);
            } else {
                ui.out(&made.secret);
                ui.say("It is shown this once. Programs send it as `Authorization: Bearer …`.");
            }
        }
        TokensAction::Revoke { id } => {
            client.delete(&format!("/api/tokens/{}", escaped(id)))?;
            ui.say(format!("{id} is revoked."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list_tokens(tokens: &[TokenView], ui: &Ui) -> ExitCode {
    if ui.json {
        ui.json(&tokens);
        return ExitCode::SUCCESS;
    }
    if tokens.is_empty() {
        ui.out("There are no tokens. `sidekick tokens add NAME` makes one for a program.");
    }
    let now = jiff::Timestamp::now();
    let row = |token: &TokenView| {
        let used =
            token.used_at.as_ref().map_or("never used".to_owned(), |at| format!("used {}", ago(at, now)));
        let until =
            token.expires_at.as_ref().map_or("for good".to_owned(), |at| format!("until {}", plain(at)));
        vec![
            (Tone::Strong, token.id.clone()),
            (Tone::Dim, plain(&token.name)),
            (Tone::Dim, format!("{} ({})", plain(&token.user), token.role)),
            (Tone::Dim, until),
            (Tone::Dim, used),
        ]
    };
    ui.table(&tokens.iter().map(row).collect::<Vec<_>>());
    ExitCode::SUCCESS
}

/// A line of standard input; in a terminal it is not shown while it is typed.
fn read_password(ui: &Ui) -> Result<String> {
    let input = std::io::stdin();
    let shown = tcgetattr(&input).ok();
    if let Some(shown) = &shown {
        ui.say("Password (10 to 256 characters):");
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Flush, &hidden).ok();
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if let Some(shown) = &shown {
        tcsetattr(&input, OptionalActions::Flush, shown).ok();
    }
    read.map_err(|error| Error::failed(format!("the password could not be read: {error}")))?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(Error::usage("no password was given on standard input"));
    }
    Ok(password)
}
