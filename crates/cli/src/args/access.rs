//! `sidekick users`, `sidekick tokens`, `sidekick link`: who may come in.

use clap::Subcommand;

const ROLES: [&str; 4] = ["viewer", "reviewer", "operator", "admin"];

#[derive(Debug, clap::Args)]
pub(crate) struct Link {
    /// For this user [default: you]
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Users {
    #[command(subcommand)]
    pub(crate) action: Option<UsersAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersAction {
    /// List them
    List,
    /// Add one; without a password they come in by links (`sidekick link --user NAME`)
    Add {
        /// The name
        name: String,
        /// What they may do: look; decide about work; give and stop tasks; change settings and users
        #[arg(long, value_parser = ROLES, default_value = "viewer", value_name = "ROLE")]
        role: String,
        /// Ask for a password; it is read from standard input
        #[arg(long)]
        password: bool,
    },
    /// Change one
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Set {
        /// The name
        name: String,
        /// What they may do
        #[arg(long, value_parser = ROLES, value_name = "ROLE", group = "what")]
        role: Option<String>,
        /// Ask for a new password; it is read from standard input. Their browsers have to sign in again
        #[arg(long, group = "what")]
        password: bool,
        /// Keep them out, with all their tokens
        #[arg(long, group = "what", conflicts_with = "enable")]
        disable: bool,
        /// Let them in again
        #[arg(long, group = "what")]
        enable: bool,
    },
    /// Remove one, with their tokens and sessions
    Remove {
        /// The name
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Tokens {
    #[command(subcommand)]
    pub(crate) action: Option<TokensAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokensAction {
    /// List them
    List,
    /// Make one for a program; its secret is shown once
    Add {
        /// What it is for
        name: String,
        /// What it may do
        #[arg(long, value_parser = ROLES, default_value = "viewer", value_name = "ROLE")]
        role: String,
        /// For so many days [default: for good]
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
    },
    /// Revoke one
    Revoke {
        /// Its id, as the list shows it
        id: String,
    },
}
