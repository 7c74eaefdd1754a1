//! SQLite: one file, write-ahead log, every accepted commit synced.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};

use crate::Error;
use crate::sql::{Engine, Row, Value};

/// A connection to the file.
pub(crate) struct Sqlite(Connection);

impl Sqlite {
    /// The writer's connection; makes the file if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let unavailable = |error: rusqlite::Error| {
            Error::Unavailable(format!("{} cannot be opened for writing: {error}", path.display()))
        };
        let db = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(unavailable)?;
        // FULL: accepted means on disk. Extra pages between checkpoints keep them off most commits.
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA wal_autocheckpoint = 4000;
             PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768;",
        )
        .map_err(unavailable)?;
        Self::prepare(db)
    }

    /// A reader's connection.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(|error| convert(&error))?;
        db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -2048;")
            .map_err(|error| convert(&error))?;
        Self::prepare(db)
    }

    fn prepare(db: Connection) -> Result<Self, Error> {
        db.busy_timeout(Duration::from_secs(10)).map_err(|error| convert(&error))?;
        db.set_prepared_statement_cache_capacity(64);
        // Plans do not depend on bound values; otherwise every `LIMIT $n` is compiled anew for each use.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|error| convert(&error))?;
        Ok(Self(db))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

impl Engine for Sqlite {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let mut statement = self.0.prepare_cached(&numbered(sql)).map_err(|error| convert(&error))?;
        let changed =
            statement.execute(rusqlite::params_from_iter(values)).map_err(|error| convert(&error))?;
        Ok(changed as u64)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let mut statement = self.0.prepare_cached(&numbered(sql)).map_err(|error| convert(&error))?;
        let columns = statement.column_count();
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
            (0..columns)
                .map(|column| {
                    Ok(match row.get_ref(column)? {
                        ValueRef::Integer(value) => Value::Int(value),
                        ValueRef::Real(value) => Value::Real(value),
                        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
                        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
                    })
                })
                .collect::<rusqlite::Result<Vec<_>>>()
                .map(Row)
        });
        rows.and_then(Iterator::collect).map_err(|error| convert(&error))
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.0.execute_batch(sql).map_err(|error| convert(&error))
    }

    fn begin_write(&mut self) -> Result<(), Error> {
        self.batch("BEGIN IMMEDIATE")
    }

    fn begin_read(&mut self) -> Result<(), Error> {
        self.batch("BEGIN")
    }

    fn reconnect(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// SQLite numbers `?1`; `$1` would be a name, numbered by first appearance.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn convert(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::DiskFull,
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseBusy
            | ErrorCode::SystemIoFailure,
        ) => Error::Unavailable(error.to_string()),
        _ => Error::Database(error.to_string()),
    }
}
