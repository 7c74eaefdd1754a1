//! What follows from what, and that no praise lifts what was refused.

use proptest::prelude::*;

use super::super::change::tests::change;
use super::super::validate::finding;
use super::*;

fn check(status: CheckStatus) -> CheckResult {
    CheckResult {
        name: "test".into(),
        command: "make test".into(),
        status,
        duration_ms: 1,
        output: "2 failed".into(),
        coverage: None,
    }
}

fn acting() -> Policy {
    Policy { acts: true, approve: Some("true".into()), trust: Tier::Known, ..Policy::default() }
}

fn praise() -> Opinion {
    Opinion {
        agent: "gemini".into(),
        model: None,
        score: Some(1.0),
        objects: false,
        remarks: Vec::new(),
        without: None,
    }
}

struct World {
    policy: Policy,
    alarms: Alarms,
    findings: Vec<Finding>,
    checks: Vec<CheckResult>,
    opinion: Option<Opinion>,
    change: Change,
}

impl World {
    fn new(policy: Policy) -> Self {
        Self {
            policy,
            alarms: Alarms::default(),
            findings: Vec::new(),
            checks: vec![check(CheckStatus::Passed)],
            opinion: Some(praise()),
            change: change(&[("src/a.rs", "+x")]),
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            policy: &self.policy,
            alarms: &self.alarms,
            findings: &self.findings,
            checks: &self.checks,
            opinion: self.opinion.as_ref(),
            change: &self.change,
            risks: &[],
            confidence: 0.95,
            tier: Tier::Trusted,
            retries: 0,
            nothing_before: false,
            rung: None,
            spent: None,
            splits: false,
            allowed: true,
        }
    }
}

#[test]
fn good_work_is_approved_only_when_all_agrees() {
    let world = World::new(acting());
    assert_eq!(decide(&world.facts()).0, Decision::Approve { by: "true".into() });
    for (facts, reason) in [
        (Facts { allowed: false, ..world.facts() }, "a person looks at it: `true` does not hold"),
        (
            Facts { tier: Tier::New, ..world.facts() },
            "a person looks at it: the agent is new here, and approval without a person needs known",
        ),
    ] {
        assert_eq!(decide(&facts), (Decision::Review {}, reason.to_owned()));
    }
    let facts = Facts { confidence: 0.2, ..world.facts() };
    assert!(matches!(decide(&facts).0, Decision::Ask { rules, .. } if rules == ["confidence"]));
}

#[test]
fn the_ladder_ends_with_a_person() {
    let mut world = World::new(acting());
    world.checks = vec![check(CheckStatus::Failed)];
    let (decision, reason) = decide(&world.facts());
    assert_eq!(reason, "sent back by itself (1 of 2): the check test did not pass");
    let Decision::Retry { feedback } = decision else { panic!("{decision:?}") };
    insta::assert_snapshot!(feedback, @r"
    Sidekick: Your work was looked at before any person sees it, and it cannot be accepted yet:

    - the check `test` (make test) did not pass. It printed:

        2 failed


    Mend that, and say at the end what you did. If it cannot be done, change nothing more and say why.
    ");
    let rung = Rung { agent: "claude".into(), model: Some("opus".into()) };
    let facts = Facts { retries: 2, rung: Some(&rung), ..world.facts() };
    assert_eq!(decide(&facts).1, "claude/opus goes on with it: the check test did not pass");
    let facts = Facts { retries: 2, ..world.facts() };
    assert_eq!(
        decide(&facts).1,
        "a person decides: the check test did not pass, and it was sent back 2 times"
    );
}

#[test]
fn who_spends_much_does_less_then_another_goes_on_then_a_person_is_asked_once() {
    let mut world = World::new(acting());
    world.checks = vec![check(CheckStatus::Failed)];
    let rung = Rung { agent: "claude".into(), model: None };
    let said: Vec<_> = [0.1, 0.4, 0.7, 1.0]
        .map(|share| {
            let spent = Spent { share, words: format!("${share:.2} of $1.00") };
            let (decision, reason) =
                decide(&Facts { spent: Some(&spent), rung: Some(&rung), ..world.facts() });
            if let Decision::Retry { feedback } = &decision {
                assert_eq!(feedback.contains("Do less"), share > 0.3);
            }
            format!("{}: {reason}", decision.as_str())
        })
        .into();
    insta::assert_snapshot!(said.join("\n"), @r"
    retry: sent back by itself (1 of 2): the check test did not pass
    retry: sent back by itself, to do less (1 of 2): the check test did not pass; it has taken $0.40 of $1.00
    escalate: claude goes on with it: the check test did not pass; it has taken $0.70 of $1.00
    ask: a person decides: the check test did not pass; it has taken $1.00 of $1.00, which is all it may
    ");
}

#[test]
fn what_nobody_gets_done_is_planned_in_parts_once() {
    let mut world = World::new(Policy { split: Split::Ask, ..acting() });
    world.checks = vec![check(CheckStatus::Failed)];
    let facts = Facts { retries: 2, splits: true, ..world.facts() };
    let (decision, reason) = decide(&facts);
    assert!(matches!(decision, Decision::Split { how: Split::Ask, .. }), "{decision:?}");
    assert_eq!(reason, "it is planned anew, in parts: the check test did not pass");
    let again = Facts { splits: false, ..facts };
    assert!(matches!(decide(&again).0, Decision::Ask { .. }));
}

#[test]
fn nothing_done_is_said_once() {
    let mut world = World::new(acting());
    world.change = Change::default();
    world.findings = vec![finding("nothing_done", Severity::Serious, "nothing was changed")];
    assert!(matches!(decide(&world.facts()).0, Decision::Retry { .. }));
    let again = Facts { nothing_before: true, retries: 1, ..world.facts() };
    assert_eq!(decide(&again).1, "a person decides: nothing was done in two runs");
}

#[test]
fn risky_paths_ask_until_they_were_false_alarms_often_enough() {
    let mut world = World::new(Policy { risky_paths: vec!["billing".into()], ..acting() });
    world.change = change(&[("src/billing/vat.rs", "+x"), ("Cargo.lock", "+x"), ("src/a.rs", "+x")]);
    let found = risks(&world.policy, &world.alarms, &world.change);
    let facts = Facts { risks: &found, ..world.facts() };
    let (decision, reason) = decide(&facts);
    assert_eq!(
        reason,
        "a person decides: it touches src/billing/vat.rs (billing); it touches Cargo.lock (lock files)"
    );
    assert!(
        matches!(decision, Decision::Ask { rules, .. } if rules == ["risky_path", "risky_path:lock files"])
    );
    // What the person named themselves is asked about for ever.
    let alarms = ["risky_path", "risky_path:lock files"].map(|rule| (rule.to_owned(), 100));
    let learned = risks(&world.policy, &Alarms(alarms.into()), &world.change);
    let rules: Vec<_> = learned.iter().map(|risk| risk.rule.as_deref()).collect();
    assert_eq!(rules, [Some("risky_path"), None]);
}

#[test]
fn only_what_the_policy_allows_is_changed_without_a_person() {
    let mut world = World::new(Policy { only_paths: vec!["docs/**".into(), "*.md".into()], ..acting() });
    world.change = change(&[("docs/a/b.txt", "+x"), ("README.md", "+x")]);
    assert!(matches!(decide(&world.facts()).0, Decision::Approve { .. }));
    world.change = change(&[("docs/a.txt", "+x"), ("src/a.rs", "+x")]);
    let (decision, reason) = decide(&world.facts());
    assert!(matches!(decision, Decision::Ask { rules, .. } if rules == ["outside_paths"]));
    assert_eq!(reason, "a person decides: it changes src/a.rs, and the policy allows docs/**, *.md only");
    // Moved out of its place is changed there.
    world.change = change(&[("docs/a.txt", "+x")]);
    world.change.files[0].old_path = Some("src/a.rs".into());
    assert!(matches!(decide(&world.facts()).0, Decision::Ask { .. }));
}

#[test]
fn without_a_policy_it_is_only_told() {
    let mut world = World::new(Policy::default());
    world.checks = vec![check(CheckStatus::Failed)];
    let said = "a person looks at it: the check test did not pass".to_owned();
    assert_eq!(decide(&world.facts()), (Decision::Review {}, said));
}

proptest! {
    /// A perfect score, a perfect confidence, a rule that allows everything: nothing of it lifts a refusal.
    #[test]
    fn no_praise_lifts_a_refusal(
        serious in any::<bool>(), failed in any::<bool>(), objects in any::<bool>(), risky in any::<bool>(),
        retries in 0u32..4, tier in 0usize..3, allowed in any::<bool>(), acts in any::<bool>(),
    ) {
        let mut world = World::new(Policy { acts, ..acting() });
        if serious {
            world.findings.push(finding("tests_deleted", Severity::Serious, "x"));
        }
        if failed {
            world.checks.push(check(CheckStatus::Failed));
        }
        if objects {
            world.opinion = Some(Opinion { objects: true, ..praise() });
        }
        let risk = Risk { path: "x".into(), why: "auth".into(), rule: Some("risky_path:auth".into()) };
        let risks = if risky { vec![risk] } else { Vec::new() };
        let facts = Facts {
            confidence: 1.0, retries, tier: Tier::ALL[tier], allowed, risks: &risks, ..world.facts()
        };
        let (decision, reason) = decide(&facts);
        prop_assert!(!reason.is_empty());
        let refused = serious || failed || objects || risky || !allowed || tier == 0 || !acts;
        prop_assert_eq!(matches!(decision, Decision::Approve { .. }), !refused);
        if retries >= 2 || !acts {
            let is_retry = matches!(decision, Decision::Retry { .. });
            prop_assert!(!is_retry, "bounded, and only where the policy says so");
        }
    }
}
