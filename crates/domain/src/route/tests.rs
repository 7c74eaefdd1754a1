//! Properties of the order, and its sentences.

use proptest::prelude::*;

use super::*;
use crate::account::{Account, Standing};

const NAMES: [&str; 8] = ["claude", "codex", "gemini", "qwen", "opencode", "aider", "rehearsal", "script"];

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_212_000)
}

/// An agent of the test's own making.
#[derive(Clone, Debug)]
struct Made {
    name: &'static str,
    missing: bool,
    changes: bool,
    /// Each account: rests, off, local, metered.
    accounts: Vec<(bool, bool, bool, bool)>,
}

/// What a [`Known`] borrows from.
struct World {
    made: Vec<Made>,
    parts: Vec<Vec<(Account, Standing)>>,
}

impl World {
    fn new(made: Vec<Made>) -> Self {
        let account = |name: &str, n: usize, (rests, off, ..): (bool, bool, bool, bool)| {
            let mut standing = Standing { off, ..Standing::default() };
            if rests {
                standing.limited(Some(now().plus(std::time::Duration::from_hours(2))), 0, now());
            }
            let name_of = if n == 0 { name.to_owned() } else { format!("{name}/{n}") };
            (Account::new(name_of, name), standing)
        };
        let of =
            |one: &Made| one.accounts.iter().enumerate().map(|(n, a)| account(one.name, n, *a)).collect();
        let parts = made.iter().map(of).collect();
        Self { made, parts }
    }

    fn known(&self) -> Vec<Known<'_>> {
        self.made
            .iter()
            .zip(&self.parts)
            .map(|(made, parts)| {
                let accounts = parts.iter().zip(&made.accounts).map(|((account, standing), flags)| {
                    KnownAccount { choice: Choice::of(account, standing), local: flags.2, metered: flags.3 }
                });
                Known {
                    name: made.name.into(),
                    missing: made.missing.then(|| "not logged in".to_owned()),
                    changes: made.changes,
                    accounts: accounts.collect(),
                }
            })
            .collect()
    }
}

fn made() -> impl Strategy<Value = Vec<Made>> {
    let flags = (any::<bool>(), prop::bool::weighted(0.2), any::<bool>(), any::<bool>());
    let one = |name: &'static str| {
        (prop::bool::weighted(0.3), prop::bool::weighted(0.8), prop::collection::vec(flags, 0..3))
            .prop_map(move |(missing, changes, accounts)| Made { name, missing, changes, accounts })
    };
    let kept = prop::collection::vec(any::<bool>(), NAMES.len());
    (NAMES.map(one).to_vec(), kept).prop_map(|(all, kept)| {
        all.into_iter().zip(kept).filter(|(_, keep)| *keep).map(|(made, _)| made).collect()
    })
}

/// All that is asked, owned.
#[derive(Clone, Debug)]
struct Asked {
    nature: Nature,
    sensitive: bool,
    own: &'static str,
    by: ChosenBy,
    fallback: Vec<String>,
    going_on: Option<&'static str>,
    failed: Option<&'static str>,
    spent: bool,
    draw: f64,
}

impl Asked {
    fn asking(&self) -> Asking<'_> {
        Asking {
            nature: self.nature,
            project: "shop",
            sensitive: self.sensitive,
            own: (self.own, None, self.by),
            fallback: &self.fallback,
            going_on: self.going_on,
            failed: self.failed,
            spent: self.spent,
            accounts: &[],
            draw: self.draw,
        }
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let name = || prop::sample::select(NAMES.to_vec());
    let by = prop::sample::select(vec![
        ChosenBy::Person,
        ChosenBy::Project,
        ChosenBy::Configuration,
        ChosenBy::Router,
        ChosenBy::Router,
    ]);
    let nature = (
        prop::sample::select(Kind::ALL.to_vec()),
        prop::sample::select(Complexity::ALL.to_vec()),
        any::<bool>(),
    );
    (
        nature,
        (any::<bool>(), any::<bool>(), 0.0..1.0),
        (name(), by),
        prop::collection::vec(name(), 0..3),
        prop::option::of(name()),
        prop::option::of(name()),
    )
        .prop_map(
            |((kind, complexity, gpu), (sensitive, spent, draw), (own, by), fallback, going_on, failed)| {
                Asked {
                    nature: Nature { kind, complexity, gpu },
                    sensitive,
                    own,
                    by,
                    fallback: fallback.into_iter().map(Into::into).collect(),
                    going_on,
                    failed,
                    spent,
                    draw,
                }
            },
        )
}

fn rules() -> impl Strategy<Value = Rules> {
    let one = (
        prop::collection::vec(prop::sample::select(Kind::ALL.to_vec()), 0..3),
        any::<bool>(),
        prop::collection::vec(prop::sample::select(NAMES.to_vec()), 1..4),
    )
        .prop_map(|(kinds, project, uses)| Rule {
            when: When {
                kinds,
                projects: project.then(|| "shop".to_owned()).into_iter().collect(),
                ..When::default()
            },
            uses: uses.into_iter().filter_map(Use::parse).collect(),
        });
    (prop::collection::vec(one, 0..3), 0.0..0.5).prop_map(|(rules, explore)| Rules { rules, explore })
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let one = (prop::sample::select(NAMES.to_vec()), 0u32..10, 0u32..10, 0.0..20.0).prop_map(
        |(agent, accepted, discarded, cost_usd)| Record {
            agent: agent.into(),
            accepted,
            discarded,
            cost_usd,
            ..Record::default()
        },
    );
    prop::collection::vec(one, 0..6)
}

fn order(asked: &Asked, rules: &Rules, known: &[Known<'_>], records: &[Record]) -> Route {
    route(&asked.asking(), rules, known, records, (now(), &TimeZone::UTC))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn there_is_always_an_order_or_the_reasons_why_not(
        made in made(), asked in asked(), rules in rules(), records in records(),
    ) {
        let world = World::new(made);
        let route = order(&asked, &rules, &world.known(), &records);
        prop_assert!(!route.ranked.is_empty());
        for one in &route.ranked {
            prop_assert_eq!(one.rank == Rank::Out, one.offers.is_empty());
            prop_assert!(one.rank == Rank::Open || one.but.is_some(), "a reason for {}", one.agent);
        }
        prop_assert!(!route.preview().sentence.is_empty());
        if route.first().is_none() {
            prop_assert!(!route.complaint().is_empty() && route.offers().is_empty());
        }
        for offer in route.offers() {
            let receipt = route.receipt(&offer);
            prop_assert_eq!(receipt.considered.iter().filter(|one| one.stands == "taken").count(), 1);
        }
        // Those who may come before those who may not.
        prop_assert!(route.ranked.is_sorted_by_key(|one| one.rank == Rank::Out));
    }

    #[test]
    fn who_just_failed_is_never_first_while_another_may(
        made in made(), asked in asked(), rules in rules(), records in records(),
    ) {
        let world = World::new(made);
        let route = order(&asked, &rules, &world.known(), &records);
        let able: Vec<_> = route.ranked.iter().filter(|one| one.rank != Rank::Out).collect();
        if let (Some(failed), Some(first)) = (asked.failed, able.first()) {
            prop_assert!(first.agent != failed || able.iter().all(|one| one.agent == failed));
        }
    }

    #[test]
    fn what_is_sensitive_never_leaves_this_machine(
        made in made(), asked in asked(), rules in rules(), records in records(),
    ) {
        let world = World::new(made);
        let known = world.known();
        let route = order(&Asked { sensitive: true, ..asked }, &rules, &known, &records);
        for offer in route.offers() {
            let mut accounts = known.iter().flat_map(|agent| &agent.accounts);
            let account = accounts.find(|one| one.choice.account.name == offer.account.name).unwrap();
            prop_assert!(account.local);
        }
    }

    #[test]
    fn the_order_they_are_found_in_changes_nothing(
        made in made(), asked in asked(), rules in rules(), records in records(), turn in 0usize..8,
    ) {
        let world = World::new(made);
        let (known, mut turned) = (world.known(), world.known());
        let n = turned.len().max(1);
        turned.rotate_left(turn % n);
        turned.reverse();
        let mut told = records.clone();
        told.reverse();
        let names = |route: &Route| route.ranked.iter().map(|one| (one.who(), one.rank)).collect::<Vec<_>>();
        // Sums of money in another order differ in their last digit only, which no choice hangs on here.
        prop_assert_eq!(
            names(&order(&asked, &rules, &known, &records)),
            names(&order(&asked, &rules, &turned, &told))
        );
    }

    #[test]
    fn no_more_is_tried_than_the_share_says(
        made in made(), asked in asked(), rules in rules(), records in records(),
    ) {
        let world = World::new(made);
        let known = world.known();
        let first = |asked: &Asked, rules: &Rules| order(asked, rules, &known, &records).first().map(Ranked::who);
        let never = Rules { explore: 0.0, ..rules.clone() };
        let usual = first(&asked, &never);
        // At and above the share the draw changes nothing; so at most that share of tasks goes elsewhere.
        let outside = Asked { draw: rules.explore + (1.0 - rules.explore) * asked.draw, ..asked.clone() };
        prop_assert_eq!(first(&outside, &rules), usual.clone());
        let inside = Asked { draw: rules.explore * asked.draw, ..asked.clone() };
        let careful = asked.by == ChosenBy::Person || asked.nature.complexity == Complexity::Critical;
        prop_assert!(!careful || first(&inside, &rules) == usual);
    }
}

fn agent(name: &'static str, local: bool) -> Made {
    Made { name, missing: false, changes: true, accounts: vec![(false, false, local, false)] }
}

fn plain() -> Asked {
    Asked {
        nature: Nature::default(),
        sensitive: false,
        own: "claude",
        by: ChosenBy::Router,
        fallback: Vec::new(),
        going_on: None,
        failed: None,
        spent: false,
        draw: 0.9,
    }
}

fn firsts(asked: &Asked, rules: &Rules, world: &World, records: &[Record]) -> Vec<String> {
    let route = order(asked, rules, &world.known(), records);
    route.ranked.iter().filter(|one| one.rank != Rank::Out).map(Ranked::who).collect()
}

fn use_of(names: &[&str]) -> Vec<Use> {
    names.iter().filter_map(|name| Use::parse(name)).collect()
}

#[test]
fn the_table() {
    let world = World::new(vec![agent("claude", false), agent("gemini", false), agent("qwen", true)]);
    let mut lines = Vec::new();
    for kind in Kind::ALL {
        for complexity in [Complexity::Medium, Complexity::High, Complexity::Critical] {
            let asked = Asked { nature: Nature { kind, complexity, gpu: false }, ..plain() };
            let names = firsts(&asked, &Rules::default(), &world, &[]).join(", ");
            lines.push(format!("{} {}: {names}", kind.as_str(), complexity.as_str()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    planning medium: claude, gemini, qwen
    planning high: claude, gemini, qwen
    planning critical: claude, gemini, qwen
    research medium: gemini, claude, qwen
    research high: gemini, claude, qwen
    research critical: claude, gemini, qwen
    implementation medium: qwen, claude, gemini
    implementation high: qwen, claude, gemini
    implementation critical: claude, gemini, qwen
    testing medium: qwen, claude, gemini
    testing high: qwen, claude, gemini
    testing critical: claude, gemini, qwen
    refactoring medium: qwen, claude, gemini
    refactoring high: claude, gemini, qwen
    refactoring critical: claude, gemini, qwen
    documentation medium: qwen, claude, gemini
    documentation high: qwen, claude, gemini
    documentation critical: claude, gemini, qwen
    debugging medium: qwen, claude, gemini
    debugging high: claude, gemini, qwen
    debugging critical: claude, gemini, qwen
    review medium: gemini, claude, qwen
    review high: gemini, claude, qwen
    review critical: claude, gemini, qwen
    ");
}

#[test]
fn a_person_then_the_rules_of_the_project_then_its_agent_then_other_rules() {
    let world = World::new(vec![agent("claude", false), agent("gemini", false), agent("qwen", true)]);
    let general = Rule { when: When::default(), uses: use_of(&["gemini", "claude/opus"]) };
    let of_shop =
        Rule { when: When { projects: vec!["shop".into()], ..When::default() }, uses: use_of(&["qwen"]) };
    let rules =
        |list: &[&Rule]| Rules { rules: list.iter().map(|rule| (*rule).clone()).collect(), explore: 0.0 };
    let by = |by| Asked { by, ..plain() };
    let with = |by_whom, list: &[&Rule]| firsts(&by(by_whom), &rules(list), &world, &[]);
    assert_eq!(with(ChosenBy::Person, &[&of_shop, &general]), ["claude"]);
    assert_eq!(with(ChosenBy::Project, &[&general]), ["claude"]);
    assert_eq!(with(ChosenBy::Project, &[&of_shop, &general]), ["qwen"]);
    assert_eq!(with(ChosenBy::Configuration, &[&general]), ["gemini", "claude/opus"]);
    assert_eq!(with(ChosenBy::Configuration, &[]), ["claude"]);
    assert_eq!(with(ChosenBy::Router, &[]), ["qwen", "claude", "gemini"]);
    // Who may take over is said: then nobody else does.
    let fallback = Asked { fallback: vec!["gemini".into()], ..plain() };
    assert_eq!(firsts(&fallback, &Rules::default(), &world, &[]), ["qwen", "gemini"]);
}

#[test]
fn what_became_of_earlier_work_moves_them_once_it_is_enough() {
    let world = World::new(vec![agent("claude", false), agent("gemini", false), agent("qwen", true)]);
    let record = |agent: &str, accepted, discarded, cost_usd| Record {
        agent: agent.into(),
        accepted,
        discarded,
        cost_usd,
        ..Record::default()
    };
    let order = |records: &[Record]| firsts(&plain(), &Rules::default(), &world, records);
    assert_eq!(order(&[record("qwen", 0, 4, 0.0)]), ["qwen", "claude", "gemini"], "four say nothing");
    assert_eq!(order(&[record("qwen", 2, 3, 0.0)]), ["claude", "gemini", "qwen"], "mostly not accepted");
    let both = [record("qwen", 3, 2, 0.0), record("gemini", 9, 0, 0.9)];
    assert_eq!(order(&both), ["gemini", "claude", "qwen"], "who is not known keeps its place");
    let person = Asked { by: ChosenBy::Person, own: "qwen", ..plain() };
    assert_eq!(firsts(&person, &Rules::default(), &world, &[record("qwen", 0, 9, 0.0)]), ["qwen"]);
}

#[test]
fn a_session_is_gone_on_with_and_a_budget_kept() {
    let mut metered = agent("codex", false);
    metered.accounts[0].3 = true;
    let world = World::new(vec![agent("claude", false), metered, agent("qwen", true)]);
    let on = Asked { going_on: Some("claude"), ..plain() };
    assert_eq!(firsts(&on, &Rules::default(), &world, &[]), ["claude"], "nobody else was said to");
    let lets = Asked { fallback: vec!["codex".into()], ..on.clone() };
    assert_eq!(firsts(&lets, &Rules::default(), &world, &[]), ["claude", "codex"]);
    let failed = Asked { failed: Some("claude"), ..on };
    assert_eq!(firsts(&failed, &Rules::default(), &world, &[]), ["qwen", "codex", "claude"]);
    let spent = Asked {
        spent: true,
        nature: Nature { complexity: Complexity::Critical, ..Nature::default() },
        ..plain()
    };
    assert_eq!(firsts(&spent, &Rules::default(), &world, &[]), ["claude", "qwen", "codex"]);
}

#[test]
fn receipts() {
    use crate::account::Window;
    use crate::event::LimitStatus;
    let mut resting = agent("qwen", true);
    resting.accounts[0].1 = true;
    let mut missing = agent("gemini", false);
    missing.missing = true;
    let mut world = World::new(vec![agent("claude", false), agent("qwen", true), missing.clone()]);
    world.parts[0][0].1.windows.push(Window {
        name: "seven_day".into(),
        status: LimitStatus::Allowed,
        utilization: Some(0.62),
        resets_at: Some(now().plus(std::time::Duration::from_hours(40))),
        seen_at: now(),
        seen_by: None,
        per_run: None,
        alerted: None,
    });
    let records = [Record { agent: "qwen".into(), accepted: 14, sent_back: 3, ..Record::default() }];
    let said = order(&plain(), &Rules::default(), &world.known(), &records).preview();
    insta::assert_snapshot!(said.sentence, @"qwen: implementation goes to it first, by the table; 14 of 17 such changes accepted here at $0; claude keeps 38% of its weekly window");
    let lines: Vec<_> =
        said.considered.iter().map(|one| format!("{} {}: {}", one.who, one.stands, one.why)).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    qwen taken: implementation goes to it first, by the table; 14 of 17 such changes accepted here at $0
    claude open: number 5 for implementation, by the table
    opencode out: number 2 for implementation, by the table; there is no such agent
    aider out: number 3 for implementation, by the table; there is no such agent
    codex out: number 4 for implementation, by the table; there is no such agent
    gemini out: number 6 for implementation, by the table; not logged in
    ");

    let world = World::new(vec![agent("claude", false), resting, missing]);
    let said = |asked: &Asked| order(asked, &Rules::default(), &world.known(), &[]).preview().sentence;
    insta::assert_snapshot!(said(&plain()), @"claude: number 5 for implementation, by the table; qwen is switched off");
    insta::assert_snapshot!(said(&Asked { sensitive: true, ..plain() }), @"qwen is switched off");
    insta::assert_snapshot!(said(&Asked { sensitive: true, by: ChosenBy::Person, ..plain() }), @"no agent may do this here: claude: shop is sensitive, and its model is not on this machine");
}
