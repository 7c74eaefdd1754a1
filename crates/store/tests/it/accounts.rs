//! What is known of accounts, as it is stored and read back.

use domain::account::{Alert, Window};
use domain::event::LimitStatus;
use domain::work::RunCommand;
use domain::{Account, Event, Outcome, RunId};
use store::{accounts, runs, tasks};

use crate::harness::{asked, at, claim, create, end, on_both, tell};

fn seen(used: f64, ms: i64) -> Window {
    Window {
        name: "five_hour".into(),
        status: LimitStatus::Allowed,
        utilization: Some(used),
        resets_at: Some(at(5 * 3_600_000)),
        seen_at: at(ms),
        seen_by: None,
        per_run: None,
        alerted: None,
    }
}

#[test]
fn what_is_known_reads_back() {
    on_both(|store| async move {
        let account = Account::new("claude/work", "claude");
        let run = RunId::new(at(1));
        let alerts = store
            .write(move |tx| {
                let mut alerts = Vec::new();
                for (used, ms) in [(0.5, 1), (0.501, 2), (0.8, 3), (0.9, 4)] {
                    alerts.push(accounts::see(tx, &account, run, seen(used, ms))?);
                }
                accounts::change(tx, "claude/work", |standing| {
                    standing.ran(run);
                    standing.limited(Some(at(9000)), 0, at(5));
                })?;
                Ok(alerts)
            })
            .await
            .unwrap();
        assert_eq!(alerts, [None, None, Some(Alert::Low), None]);
        let (one, all, history) = store
            .read(|tx| {
                let history = accounts::history(tx, Some("claude/work"), at(0))?;
                Ok((accounts::standing(tx, "claude/work")?, accounts::standings(tx)?, history))
            })
            .await
            .unwrap();
        assert_eq!(all["claude/work"], one);
        assert_eq!(one.rests[0].until, at(9000));
        assert!((one.windows[0].per_run.unwrap() - 0.4).abs() < 1e-9, "{one:?}");
        let points: Vec<_> = history.iter().map(|point| point.utilization).collect();
        assert_eq!(points, [0.5, 0.8, 0.9], "what cannot be seen in a plot is not kept");
        let other = store.read(|tx| accounts::history(tx, Some("codex"), at(0))).await.unwrap();
        assert_eq!(other, []);
        assert_eq!(store.write(|tx| accounts::forget_history(tx, at(4))).await.unwrap(), 2);
    });
}

#[test]
fn what_runs_of_an_account_consume_is_counted() {
    on_both(|store| async move {
        let task = create(&store, asked("x"), at(1)).await;
        let run = claim(&store, task, "me", at(2)).await.unwrap();
        let used = Event::UsageRecorded { input: 10, output: 5, cached: 2, cost_usd: 0.5 };
        tell(&store, task, run, RunCommand::Tell(used), at(3)).await.unwrap();
        let session = Event::RunSession { session: "s".into(), model: None };
        tell(&store, task, run, RunCommand::Tell(session), at(3)).await.unwrap();
        let load = store.read(runs::load_now).await.unwrap();
        assert_eq!((load.projects["shop"], load.accounts["rehearsal"]), (1, 1));
        tell(&store, task, run, end(Outcome::Limited), at(4)).await.unwrap();
        let other = RunId::new(at(9));
        let (load, since, later, session, waiting) = store
            .read(move |tx| {
                Ok((
                    runs::load_now(tx)?,
                    accounts::used_since(tx, "rehearsal", at(0))?,
                    accounts::used_since(tx, "rehearsal", at(3))?,
                    runs::used_in_session(tx, task, "s", other)?,
                    tasks::waiting_for_credits(tx, 10)?,
                ))
            })
            .await
            .unwrap();
        assert_eq!((load.projects.len(), later.1), (0, 0));
        assert_eq!((since.0.input, since.1, session.output), (10, 1, 5));
        assert_eq!((waiting[0].id, waiting[0].agent.as_str()), (task, "rehearsal"));
    });
}
