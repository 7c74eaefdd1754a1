//! PostgreSQL: the same schema for several machines.

use std::collections::HashMap;
use std::error::Error as _;

use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls, Statement};

use crate::Error;
use crate::sql::{Engine, Row, Value};

/// Statements kept prepared on a connection; the texts are ours and few, the bound is for accidents.
const MOST_PREPARED: usize = 200;

/// A connection to the server.
pub(crate) struct Pg {
    url: String,
    client: Client,
    prepared: HashMap<String, Statement>,
}

impl Pg {
    pub(crate) fn open(url: &str) -> Result<Self, Error> {
        Ok(Self { url: url.to_owned(), client: connect(url)?, prepared: HashMap::new() })
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).map_err(|error| convert(&error))?;
        if self.prepared.len() < MOST_PREPARED {
            self.prepared.insert(sql.to_owned(), statement.clone());
        }
        Ok(statement)
    }
}

fn connect(url: &str) -> Result<Client, Error> {
    let mut client = Client::connect(url, NoTls)
        .map_err(|error| Error::Unavailable(format!("no connection to PostgreSQL: {}", plain(&error))))?;
    // Accepted means on disk, whatever the server's default; and no lock outlives a stuck client.
    client
        .batch_execute("SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '60s'")
        .map_err(|error| convert(&error))?;
    Ok(client)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Real(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::FLOAT8, Type::TEXT].contains(ty)
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Pg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pg").finish_non_exhaustive()
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Engine for Pg {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let statement = self.prepare(sql)?;
        self.client.execute(&statement, &parameters(values)).map_err(|error| convert(&error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql)?;
        let rows = self.client.query(&statement, &parameters(values)).map_err(|error| convert(&error))?;
        rows.iter()
            .map(|row| {
                (0..row.len())
                    .map(|column| {
                        let ty = row.columns()[column].type_();
                        Ok(if *ty == Type::INT8 {
                            row.try_get::<_, Option<i64>>(column)?.map_or(Value::Null, Value::Int)
                        } else if *ty == Type::FLOAT8 {
                            row.try_get::<_, Option<f64>>(column)?.map_or(Value::Null, Value::Real)
                        } else {
                            row.try_get::<_, Option<String>>(column)?.map_or(Value::Null, Value::Text)
                        })
                    })
                    .collect::<Result<Vec<_>, postgres::Error>>()
                    .map(Row)
                    .map_err(|error| convert(&error))
            })
            .collect()
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).map_err(|error| convert(&error))
    }

    fn begin_write(&mut self) -> Result<(), Error> {
        // The row lock lets one writer of the log in at a time, so that `seq` is in commit order and
        // writers cannot deadlock. Each commit carries a whole group, which is what keeps this fast.
        self.batch("BEGIN; SELECT seq FROM log_head WHERE id = 1 FOR UPDATE")
    }

    fn begin_read(&mut self) -> Result<(), Error> {
        self.batch("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    fn reconnect(&mut self) -> Result<(), Error> {
        if self.client.is_closed() {
            self.prepared.clear();
            self.client = connect(&self.url)?;
        }
        Ok(())
    }
}

fn convert(error: &postgres::Error) -> Error {
    use postgres::error::SqlState;
    match error.code() {
        Some(code) if *code == SqlState::DISK_FULL => Error::DiskFull,
        Some(code) if *code == SqlState::ADMIN_SHUTDOWN || *code == SqlState::CRASH_SHUTDOWN => {
            Error::Unavailable(plain(error))
        }
        None => Error::Unavailable(plain(error)),
        Some(_) => Error::Database(plain(error)),
    }
}

/// The message with its cause; the crate's own text names only the kind of failure.
fn plain(error: &postgres::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
