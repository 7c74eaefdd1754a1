//! effectum 0.7, a job queue on SQLite inside a Rust process: its own figures for what our benches measure.
//! It commits with `synchronous=NORMAL`, so a power failure may take back what it acknowledged; ours does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use effectum::{Error, Job, JobRunner, Queue, RunningJob, Worker};
use tokio::sync::Semaphore;

const LIVES: u32 = 20_000;
const CALLERS: u32 = 64;

type Context = Arc<Semaphore>;

async fn no_op(_: RunningJob, done: Context) -> Result<(), Error> {
    done.add_permits(1);
    Ok(())
}

async fn add(queue: &Queue) {
    queue.add_job(Job::builder("no-op").build()).await.expect("a job");
}

async fn worker(queue: &Queue, done: &Context) -> Worker {
    let jobs = [JobRunner::builder("no-op", no_op).build()];
    let builder = Worker::builder(queue, Arc::clone(done)).jobs(jobs);
    builder.max_concurrency(256).min_concurrency(128).build().await.expect("a worker")
}

async fn measure() {
    let dir = std::env::temp_dir().join(format!("peer-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let queue = Arc::new(Queue::new(&dir.join("peer.db")).await.expect("a queue"));
    let mut alone = Vec::new();
    for _ in 0..2000 {
        let began = Instant::now();
        add(&queue).await;
        alone.push(began.elapsed());
    }
    tell("effectum: accept a job, one caller, not durable", &mut alone);

    let done = Arc::new(Semaphore::new(0));
    let running = worker(&queue, &done).await;
    done.acquire_many(2000).await.expect("open").forget();
    let mut started = Vec::new();
    for _ in 0..500 {
        let began = Instant::now();
        add(&queue).await;
        done.acquire().await.expect("open").forget();
        started.push(began.elapsed());
    }
    tell("effectum: enqueue to handler, in one process", &mut started);

    let began = Instant::now();
    let mut going = Vec::new();
    for _ in 0..CALLERS {
        let queue = Arc::clone(&queue);
        going.push(tokio::spawn(async move {
            for _ in 0..LIVES / CALLERS {
                add(&queue).await;
            }
        }));
    }
    for one in going {
        one.await.expect("a caller");
    }
    done.acquire_many(LIVES / CALLERS * CALLERS).await.expect("open").forget();
    let rate = f64::from(LIVES) / began.elapsed().as_secs_f64();
    println!("{:<58} {rate:.0}/s", "effectum: no-op life cycles, 64 callers, not durable");
    running.unregister(Some(Duration::from_secs(5))).await.ok();
    std::fs::remove_dir_all(dir).ok();
}

fn tell(name: &str, samples: &mut [Duration]) {
    samples.sort_unstable();
    let ms = |percent: usize| samples[(samples.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!("{name:<58} {:.2} ms, p99 {:.2}", ms(50), ms(99));
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(measure());
}
