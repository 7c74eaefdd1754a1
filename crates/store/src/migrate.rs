//! Bringing a database to today's schema. Each step is one transaction; a step that ran is never edited.

use crate::sql::{Engine, Tx};
use crate::{Error, Location};

/// Number, name, and the text for SQLite and PostgreSQL.
const STEPS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "initial",
        include_str!("../migrations/sqlite/0001_initial.sql"),
        include_str!("../migrations/postgres/0001_initial.sql"),
    ),
    (
        2,
        "accounts",
        include_str!("../migrations/sqlite/0002_accounts.sql"),
        include_str!("../migrations/postgres/0002_accounts.sql"),
    ),
    (
        3,
        "asking",
        include_str!("../migrations/sqlite/0003_asking.sql"),
        include_str!("../migrations/postgres/0003_asking.sql"),
    ),
    (
        4,
        "sessions",
        include_str!("../migrations/sqlite/0004_sessions.sql"),
        include_str!("../migrations/postgres/0004_sessions.sql"),
    ),
    (
        5,
        "planning",
        include_str!("../migrations/sqlite/0005_planning.sql"),
        include_str!("../migrations/postgres/0005_planning.sql"),
    ),
    (
        6,
        "estimates",
        include_str!("../migrations/sqlite/0006_estimates.sql"),
        include_str!("../migrations/postgres/0006_estimates.sql"),
    ),
    (
        7,
        "judgement",
        include_str!("../migrations/sqlite/0007_judgement.sql"),
        include_str!("../migrations/postgres/0007_judgement.sql"),
    ),
    (
        8,
        "routing",
        include_str!("../migrations/sqlite/0008_routing.sql"),
        include_str!("../migrations/postgres/0008_routing.sql"),
    ),
    (
        9,
        "merging",
        include_str!("../migrations/sqlite/0009_merging.sql"),
        include_str!("../migrations/postgres/0009_merging.sql"),
    ),
    (
        10,
        "hindsight",
        include_str!("../migrations/sqlite/0010_hindsight.sql"),
        include_str!("../migrations/postgres/0010_hindsight.sql"),
    ),
    (
        11,
        "links",
        include_str!("../migrations/sqlite/0011_links.sql"),
        include_str!("../migrations/postgres/0011_links.sql"),
    ),
    (
        12,
        "pipelines",
        include_str!("../migrations/sqlite/0012_pipelines.sql"),
        include_str!("../migrations/postgres/0012_pipelines.sql"),
    ),
    (
        13,
        "access",
        include_str!("../migrations/sqlite/0013_access.sql"),
        include_str!("../migrations/postgres/0013_access.sql"),
    ),
    (
        14,
        "conversations",
        include_str!("../migrations/sqlite/0014_conversations.sql"),
        include_str!("../migrations/postgres/0014_conversations.sql"),
    ),
    (
        17,
        "remarks",
        include_str!("../migrations/sqlite/0017_remarks.sql"),
        include_str!("../migrations/postgres/0017_remarks.sql"),
    ),
];

/// The schema this binary writes.
const KNOWN: i64 = STEPS[STEPS.len() - 1].0;

pub(crate) fn migrate(engine: &mut dyn Engine, location: &Location) -> Result<(), Error> {
    engine.batch("CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL)")?;
    let rows = engine.query("SELECT number FROM migrations ORDER BY number", &[])?;
    let done = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
    let found = done.last().copied().unwrap_or(0);
    if found > KNOWN {
        return Err(Error::Newer { location: location.to_string(), found, known: KNOWN });
    }
    for (number, name, sqlite, postgres) in STEPS.iter().filter(|step| !done.contains(&step.0)) {
        let text = match location {
            Location::Sqlite(_) => sqlite,
            Location::Postgres(_) => postgres,
        };
        engine.batch("BEGIN")?;
        let mut tx = Tx::new(engine);
        let step = tx.batch(text).and_then(|()| {
            let sql = "INSERT INTO migrations (number, name) VALUES ($1, $2)";
            tx.execute(sql, &[(*number).into(), (*name).into()]).map(drop)
        });
        match step {
            Ok(()) => engine.batch("COMMIT")?,
            Err(error) => {
                engine.batch("ROLLBACK")?;
                return Err(error);
            }
        }
    }
    Ok(())
}
