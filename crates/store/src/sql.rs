//! The seam between the two engines: values, rows, and the transaction every statement runs in.
//!
//! Statements use `$1`-style parameters and only types and clauses both engines share. What cannot be
//! shared is one method of [`Engine`] each.

use domain::Timestamp;

use crate::Error;

/// A value of one of the shapes the schema stores.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $make:expr),* $(,)?) => {
        $(impl From<$from> for Value { fn from($v: $from) -> Self { $make } })*
    };
}

value_from! {
    i64 => |v| Self::Int(v),
    u32 => |v| Self::Int(i64::from(v)),
    u8 => |v| Self::Int(i64::from(v)),
    u64 => |v| Self::Int(i64::try_from(v).unwrap_or(i64::MAX)),
    usize => |v| Self::Int(i64::try_from(v).unwrap_or(i64::MAX)),
    bool => |v| Self::Int(i64::from(v)),
    f64 => |v| Self::Real(v),
    Timestamp => |v| Self::Int(v.as_millis()),
    &str => |v| Self::text(v),
    &String => |v| Self::text(v),
    domain::TaskId => |v| Self::Text(v.to_string()),
    domain::RunId => |v| Self::Text(v.to_string()),
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// PostgreSQL has no NUL in text; agents print what they like.
    fn text(text: &str) -> Self {
        Self::Text(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() })
    }
}

/// A row of a result.
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    fn wrong(&self, column: usize) -> Error {
        Error::Corrupt { what: "column", value: format!("{column}: {:?}", self.0.get(column)) }
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(column)),
        }
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, Error> {
        self.opt_int(column)?.ok_or_else(|| self.wrong(column))
    }

    pub(crate) fn u64(&self, column: usize) -> Result<u64, Error> {
        u64::try_from(self.int(column)?).map_err(|_| self.wrong(column))
    }

    pub(crate) fn u32(&self, column: usize) -> Result<u32, Error> {
        u32::try_from(self.int(column)?).map_err(|_| self.wrong(column))
    }

    pub(crate) fn opt_real(&self, column: usize) -> Result<Option<f64>, Error> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.real(column).map(Some),
        }
    }

    pub(crate) fn real(&self, column: usize) -> Result<f64, Error> {
        match self.0.get(column) {
            Some(Value::Real(value)) => Ok(*value),
            _ => Err(self.wrong(column)),
        }
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(column)),
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, Error> {
        self.opt_text(column)?.ok_or_else(|| self.wrong(column))
    }

    pub(crate) fn at(&self, column: usize) -> Result<Timestamp, Error> {
        Ok(Timestamp::from_millis(self.int(column)?))
    }

    pub(crate) fn opt_at(&self, column: usize) -> Result<Option<Timestamp>, Error> {
        Ok(self.opt_int(column)?.map(Timestamp::from_millis))
    }

    /// A text column read by a type's own `parse`.
    pub(crate) fn word<T>(&self, column: usize, parse: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
        parse(&self.text(column)?).ok_or_else(|| self.wrong(column))
    }

    /// As [`word`](Self::word), for a column that may be null.
    pub(crate) fn opt_word<T>(
        &self,
        column: usize,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        self.opt_text(column)?.map(|text| parse(&text).ok_or_else(|| self.wrong(column))).transpose()
    }
}

/// One connection to one of the engines.
pub(crate) trait Engine: Send {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error>;
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error>;
    /// Several statements without parameters.
    fn batch(&mut self, sql: &str) -> Result<(), Error>;
    /// Starts a write transaction in which `seq` numbers are handed out in commit order.
    fn begin_write(&mut self) -> Result<(), Error>;
    /// Starts a read transaction on one snapshot.
    fn begin_read(&mut self) -> Result<(), Error>;
    /// Makes a lost connection anew, where connections can be lost.
    fn reconnect(&mut self) -> Result<(), Error>;
}

/// An open transaction.
pub struct Tx<'a> {
    engine: &'a mut dyn Engine,
    /// The log's head inside this transaction, once asked for.
    head: Option<i64>,
    /// Whether the closure that runs has changed anything.
    wrote: bool,
}

/// How a closure leaves the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Clean,
    Spoiled,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(engine: &'a mut dyn Engine) -> Self {
        Self { engine, head: None, wrote: false }
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let changed = self.engine.execute(sql, values)?;
        self.wrote |= changed > 0;
        Ok(changed)
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        self.engine.query(sql, values)
    }

    pub(crate) fn query_one(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.engine.batch(sql)
    }

    /// The last sequence number in the log, as this transaction sees it.
    pub(crate) fn head(&mut self) -> Result<i64, Error> {
        if let Some(seq) = self.head {
            return Ok(seq);
        }
        let row = self.query_one("SELECT seq FROM log_head WHERE id = 1", &[])?;
        let seq = row.ok_or(Error::Corrupt { what: "log head", value: "missing".into() })?.int(0)?;
        self.head = Some(seq);
        Ok(seq)
    }

    /// Notes that the log now ends at `seq`; written once, before the commit, by [`save_head`](Self::save_head).
    pub(crate) fn set_head(&mut self, seq: i64) {
        self.head = Some(seq);
    }

    /// Runs one of the group's closures. `Spoiled` means that it failed after it had changed something,
    /// so that only undoing the whole transaction undoes it.
    pub(crate) fn one<R>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<R, Error>,
    ) -> (Result<R, Error>, Left) {
        let before = self.head;
        self.wrote = false;
        let done = work(self);
        let left = match &done {
            Ok(_) => Left::Clean,
            // PostgreSQL takes no statement after one that failed; a refusal is no failed statement.
            Err(Error::Refused(_) | Error::NotFound { .. } | Error::Ambiguous { .. }) if !self.wrote => {
                Left::Clean
            }
            Err(_) => Left::Spoiled,
        };
        if done.is_err() {
            self.head = before;
        }
        (done, left)
    }

    /// Writes the log's head, if it moved. Returns where it is.
    pub(crate) fn save_head(&mut self) -> Result<Option<i64>, Error> {
        let Some(seq) = self.head else { return Ok(None) };
        self.execute("UPDATE log_head SET seq = $1 WHERE id = 1 AND seq <> $1", &[seq.into()])?;
        Ok(Some(seq))
    }
}
