//! Telling people who are not looking: what the outbox has for their browsers is sent to the browsers' push services.
//!
//! At least once: a message that was sent and not noted as sent is sent again, and takes the place of the first by its
//! tag. What a message says is `domain::notice`; how it is encrypted is the crate `push`.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gateway::outward::{Answered, Outward};
use push::{Key, Reader};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::outbox::{self, Item};
use store::push::Subscription;
use store::tasks;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::intake::Unclear;
use crate::secret::{hexadecimal, random};
use crate::{Context, Engine, Error, clock};

/// The file of the key, in the data directory.
const FILE: &str = "push.key";
/// Messages on their way at once.
const MOST: usize = 8;
/// How long one is ours.
const LEASE: Duration = Duration::from_secs(40);
/// Tries of one message, with growing pauses: about a day.
const MOST_TRIES: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_hours(6);
/// Events come in groups.
const SETTLE: Duration = Duration::from_millis(200);
/// What was put off is looked for at least so often.
const FALLBACK: Duration = Duration::from_secs(5);
/// A service may keep a message for a browser that is off.
const KEPT: &str = "86400";
/// We vouch for a message for so long; a day is the most that is allowed.
const VOUCHED: i64 = 12 * 3600;

/// How browsers are told.
#[derive(Clone, Debug, Default)]
pub struct PushOptions {
    /// Hosts of push services that may be private and unencrypted.
    pub allow: Vec<String>,
    /// Whom a service may write to about us: `mailto:` or `https:`.
    pub contact: Option<String>,
}

/// The key and the way out.
pub(crate) struct Push {
    key: Key,
    outward: OnceCell<Outward>,
}

impl Push {
    /// With the data directory's key, which is made if there is none.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let file = data_dir.join(FILE);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => <[u8; 32]>::try_from(bytes.as_slice()).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
        };
        let key = match bytes {
            Some(bytes) => Key::new(&bytes),
            None if file.exists() => None,
            None => Some(make(&file)?),
        };
        let key = key.ok_or_else(|| {
            io::Error::other(format!("{} is not ours; remove it, then start again", file.display()))
        })?;
        Ok(Self { key, outward: OnceCell::new() })
    }

    async fn outward(&self, context: &Context) -> Result<&Outward, String> {
        let make = || async {
            let options = context.options();
            let open = move || Outward::new(&options.push.allow, options.person.certificates.as_deref());
            tokio::task::spawn_blocking(open).await.map_err(|error| error.to_string())?
        };
        self.outward.get_or_try_init(make).await
    }
}

/// A new key in a file that only its owner can read.
fn make(file: &Path) -> io::Result<Key> {
    let (key, bytes) = fresh()?;
    let next = file.with_extension("new");
    let mut open = OpenOptions::new();
    let mut whole = open.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    whole.write_all(&bytes)?;
    whole.sync_all()?;
    std::fs::rename(next, file)?;
    Ok(key)
}

fn fresh() -> io::Result<(Key, [u8; 32])> {
    loop {
        let bytes = random()?;
        if let Some(key) = Key::new(&bytes) {
            return Ok((key, bytes));
        }
    }
}

impl Engine {
    /// What browsers subscribe with.
    pub fn push_key(&self) -> String {
        self.context.push.key.public()
    }

    /// Takes a browser in.
    pub async fn subscribe(&self, new: Subscription) -> Result<(), Error> {
        let refuse = |why: &str| {
            Error::from(Unclear::Invalid(format!("the browser's subscription is refused: {why}")))
        };
        if new.endpoint.len() > 2000 {
            return Err(refuse("its address is too long"));
        }
        let outward = self.context.push.outward(&self.context).await.map_err(Error::Repository)?;
        if let Some(why) = outward.complaint(&new.endpoint) {
            return Err(refuse(why));
        }
        if Reader::new(&new.p256dh, &new.auth).is_none() {
            return Err(refuse("its keys are none"));
        }
        Ok(self.store().write(move |tx| store::push::add(tx, &new)).await?)
    }

    /// Forgets a browser.
    pub async fn unsubscribe(&self, endpoint: String) -> Result<bool, Error> {
        Ok(self.store().write(move |tx| store::push::remove(tx, &endpoint)).await?)
    }

    /// Tells a person's browsers that they would be told; how many took it, and why the others did not.
    pub async fn try_push(&self, person: String) -> Result<(usize, Vec<String>), Error> {
        let known = self.store().read(move |tx| store::push::of(tx, &person)).await?;
        let message = json!({"title": "Sidekick", "body": "You are told here when something needs you.", "tag": "trial", "url": "/"});
        let (mut told, mut failed) = (0, Vec::new());
        for one in known {
            match send(&self.context, &one, &message, true).await {
                Ok(answered) if (200..300).contains(&answered.status) => told += 1,
                Ok(answered) => failed.push(format!("the push service answered {}", answered.status)),
                Err(why) => failed.push(why),
            }
        }
        Ok((told, failed))
    }
}

pub(crate) async fn serve(context: Arc<Context>) {
    let mut head = context.store.head();
    let owner = context.owner.clone();
    if let Err(error) = context.store.write(move |tx| store::push::release(tx, &owner)).await {
        tracing::warn!(%error, "what was being sent when the daemon ended waits for its lease");
    }
    loop {
        head.borrow_and_update();
        if let Err(error) = run_once(&context).await {
            tracing::error!(%error, "people could not be told; trying again");
        }
        tokio::select! {
            changed = head.changed() => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(SETTLE).await;
            }
            () = tokio::time::sleep(FALLBACK) => {}
            () = context.stopped() => return,
        }
    }
}

/// Sends what is due.
pub(crate) async fn run_once(context: &Arc<Context>) -> Result<(), store::Error> {
    loop {
        let now = clock::now();
        if !context.store.read(move |tx| store::push::is_due(tx, now)).await? {
            return Ok(());
        }
        let owner = context.owner.clone();
        let items = context.store.write(move |tx| store::push::claim(tx, &owner, LEASE, now, MOST)).await?;
        let mut sending = JoinSet::new();
        for item in items {
            let context = Arc::clone(context);
            sending.spawn(async move { deliver(&context, item).await });
        }
        while let Some(done) = sending.join_next().await {
            if let Ok(Err(error)) = done {
                return Err(error);
            }
        }
    }
}

/// What becomes of a message.
enum Became {
    Done,
    /// Its browser is gone.
    Gone(String),
    Later(Duration),
}

async fn deliver(context: &Context, item: Item) -> Result<(), store::Error> {
    let became = attempt(context, &item).await?;
    let (owner, now) = (context.owner.clone(), clock::now());
    let write = context.store.write(move |tx| match &became {
        Became::Done => outbox::done(tx, item.id, &owner).map(drop),
        Became::Gone(endpoint) => {
            store::push::remove(tx, endpoint)?;
            outbox::done(tx, item.id, &owner).map(drop)
        }
        Became::Later(wait) => outbox::again(tx, item.id, &owner, now.plus(*wait)).map(drop),
    });
    write.await
}

async fn attempt(context: &Context, item: &Item) -> Result<Became, store::Error> {
    let payload: Value = serde_json::from_str(&item.payload).unwrap_or_default();
    let endpoint = payload["endpoint"].as_str().unwrap_or_default().to_owned();
    let message = payload["message"].clone();
    let (task, of) = (item.task, endpoint.clone());
    let (work, known) =
        context.store.read(move |tx| Ok((tasks::load(tx, task)?, store::push::find(tx, &of)?))).await?;
    let Some(known) = known else { return Ok(Became::Done) };
    // What was decided meanwhile is no news.
    let of_task = message["tag"].as_str().is_some_and(|tag| tag.starts_with("task-"));
    let waits = work.is_some_and(|work| matches!(work.task.state.as_str(), "review" | "waiting" | "failed"));
    if of_task && !waits {
        return Ok(Became::Done);
    }
    let urgent = payload["urgent"] == true;
    let failed = match send(context, &known, &message, urgent).await {
        Ok(Answered { status: 200..300, .. }) => return Ok(Became::Done),
        Ok(Answered { status: 404 | 410, .. }) => return Ok(Became::Gone(endpoint)),
        Ok(Answered { status: status @ (429 | 500..), retry_after }) => {
            (format!("the push service answered {status}"), retry_after)
        }
        Ok(Answered { status, .. }) => {
            tracing::warn!(status, "a push service refused a message");
            return Ok(Became::Done);
        }
        Err(why) => (why, None),
    };
    let (why, asked) = failed;
    if item.tries + 1 >= MOST_TRIES {
        tracing::warn!(why, "a person could not be told; given up");
        return Ok(Became::Done);
    }
    let pause = FIRST_PAUSE * 4u32.saturating_pow(item.tries);
    Ok(Became::Later(asked.unwrap_or(pause).clamp(FIRST_PAUSE, LONGEST_PAUSE)))
}

async fn send(
    context: &Context,
    to: &Subscription,
    message: &Value,
    urgent: bool,
) -> Result<Answered, String> {
    let reader = Reader::new(&to.p256dh, &to.auth).ok_or("the browser's keys are none")?;
    let (once, salt) =
        (fresh().map_err(|error| error.to_string())?.0, random().map_err(|error| error.to_string())?);
    let body = push::encrypt(message.to_string().as_bytes(), &reader, &once, &salt)
        .ok_or("the message is too long")?;
    let audience = to.endpoint.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let until = clock::now().as_millis() / 1000 + VOUCHED;
    let contact = context.options().push.contact.clone();
    // At most 32 characters that are safe in an address; the tag itself is not the service's business.
    let topic = hexadecimal(&Sha256::digest(message["tag"].as_str().unwrap_or_default().as_bytes())[..16]);
    let headers = [
        ("authorization", context.push.key.authorization(&audience, until, contact.as_deref())),
        ("content-encoding", "aes128gcm".into()),
        ("content-type", "application/octet-stream".into()),
        ("ttl", KEPT.into()),
        ("urgency", if urgent { "high" } else { "normal" }.into()),
        ("topic", topic),
    ];
    context.push.outward(context).await?.post(&to.endpoint, &headers, body).await
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let made = Push::open(dir.path()).unwrap().key.public();
        assert_eq!(Push::open(dir.path()).unwrap().key.public(), made);
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(dir.path().join(FILE), "x").unwrap();
        assert!(Push::open(dir.path()).is_err(), "what is not ours is not overwritten");
    }
}
