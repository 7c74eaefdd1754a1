//! The language of `approve`: an expression of CEL over facts of a run. Checked when the configuration loads, against
//! facts of every shape; what it may hold is bounded, so that evaluating it ends at once. Here: the facts' names, the
//! check, the evaluation. Not here: whether an approval counts (`domain::supervise::decide`).

use cel::{Context, Program, Value};
use domain::supervise::conclude::Facts;

/// Characters of an expression.
const MOST_TEXT: usize = 500;
/// Brackets, signs and negations of an expression: they nest.
const MOST_NESTED: usize = 60;
/// Bytes of stack to read an expression on. The longest ones need some 10 MB in a debug build, more than a thread of
/// the daemon has; what is not used is never given.
const STACK: usize = 64 << 20;

fn values(facts: &Facts) -> Vec<(&'static str, Value)> {
    let int = |n: u32| Value::Int(i64::from(n));
    let text = |text: &str| Value::from(text.to_owned());
    vec![
        ("cost", Value::Float(facts.cost)),
        ("diff_lines", int(facts.diff_lines)),
        ("files", int(facts.files)),
        ("insertions", int(facts.insertions)),
        ("deletions", int(facts.deletions)),
        ("checks", int(facts.checks)),
        ("checks_passed", Value::Bool(facts.checks_passed)),
        ("coverage", Value::Float(facts.coverage)),
        ("confidence", Value::Float(facts.confidence)),
        ("risky", Value::Bool(facts.risky)),
        ("tests_touched", Value::Bool(facts.tests_touched)),
        ("reviewed", Value::Bool(facts.reviewed)),
        ("review_score", Value::Float(facts.review_score)),
        ("retries", int(facts.retries)),
        ("priority", int(u32::from(facts.priority))),
        ("kind", text(&facts.kind)),
        ("complexity", text(&facts.complexity)),
        ("agent", text(&facts.agent)),
        ("tier", text(&facts.tier)),
    ]
}

/// Facts of every shape: each comparison of an expression is seen from both sides, so that a mistake behind an
/// `&&` is found, too.
fn samples() -> Vec<Facts> {
    let flags = |n: u32| (n & 1 == 1, n & 2 == 2, n & 4 == 4, n & 8 == 8);
    let mut samples = Vec::new();
    for n in 0..16 {
        let (checks_passed, risky, tests_touched, reviewed) = flags(n);
        for (number, share, word) in [(0, 0.0, ""), (1, 0.5, "medium"), (1_000_000, 1.0, "testing")] {
            samples.push(Facts {
                cost: f64::from(number),
                diff_lines: number,
                files: number,
                insertions: number,
                deletions: number,
                checks: number,
                coverage: share,
                confidence: share,
                review_score: share,
                retries: number,
                priority: 5,
                kind: word.into(),
                complexity: word.into(),
                agent: word.into(),
                tier: word.into(),
                checks_passed,
                risky,
                tests_touched,
                reviewed,
            });
        }
    }
    samples
}

/// Why an expression cannot be used, if it cannot.
pub fn check(expression: &str) -> Result<(), String> {
    on_a_deep_stack(|| check_all(expression))
}

fn check_all(expression: &str) -> Result<(), String> {
    let program = compile(expression)?;
    for facts in samples() {
        evaluate(&program, &facts)?;
    }
    // What stands behind an `&&` that is never reached would fail on the day it counts: each side is looked at alone.
    for part in expression.split("&&").flat_map(|part| part.split("||")) {
        let part = part.trim();
        let whole =
            part.matches('(').count() == part.matches(')').count() && !part.contains(['?', '"', '\'']);
        if whole && let Ok(program) = compile(part) {
            for facts in samples() {
                evaluate(&program, &facts)?;
            }
        }
    }
    Ok(())
}

/// Whether it holds; not, whenever that cannot be said.
pub fn holds(expression: &str, facts: &Facts) -> bool {
    let known = on_a_deep_stack(|| compile(expression).and_then(|program| evaluate(&program, facts)));
    known.unwrap_or_else(|reason| {
        tracing::warn!(
            expression,
            reason,
            "an expression of a policy could not be evaluated; nothing was approved"
        );
        false
    })
}

fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("approve".into()).stack_size(STACK);
        let started = thread.spawn_scoped(scope, work);
        let thread = started.map_err(|error| format!("no thread could be started to read it: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("reading it failed".into()))
    })
}

fn compile(expression: &str) -> Result<Program, String> {
    /// They go through lists, within each other without a bound.
    const LOOPS: [&str; 7] = ["map", "filter", "exists", "exists_one", "all", "reduce", "matches"];
    if expression.trim().is_empty() {
        return Err("it is empty".into());
    }
    if expression.len() > MOST_TEXT {
        return Err(format!("it is longer than {MOST_TEXT} characters"));
    }
    if expression.chars().filter(|char| "([{!-".contains(*char)).count() > MOST_NESTED {
        return Err("it nests too deeply: write it shorter".into());
    }
    let program = Program::compile(expression).map_err(|errors| first_line(&errors.to_string()))?;
    let (names, functions): (Vec<String>, Vec<String>) = {
        let used = program.references();
        let owned = |names: Vec<&str>| names.into_iter().map(ToOwned::to_owned).collect();
        (owned(used.variables()), owned(used.functions()))
    };
    let known = values(&Facts::default());
    if let Some(name) = names.iter().find(|name| !known.iter().any(|(known, _)| known == name)) {
        let known: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no fact `{name}`; facts are {}", known.join(", ")));
    }
    let words = expression.split(|char: char| !(char.is_alphanumeric() || char == '_'));
    let mut called = words.chain(functions.iter().map(String::as_str));
    if let Some(name) = called.find(|name| LOOPS.contains(name)) {
        return Err(format!("`{name}` cannot be used here"));
    }
    Ok(program)
}

fn evaluate(program: &Program, facts: &Facts) -> Result<bool, String> {
    let mut context = Context::default();
    for (name, value) in values(facts) {
        context.add_variable_from_value(name, value);
    }
    match program.execute(&context) {
        Ok(Value::Bool(holds)) => Ok(holds),
        Ok(other) => Err(format!("it comes to a value that is not true or false: {other:?}")),
        Err(error) => Err(first_line(&error.to_string())),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("ERROR: <input>:").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_hold_or_not() {
        let rule = "cost < 2 && diff_lines < 200 && checks_passed && confidence > 0.9 && !risky";
        check(rule).unwrap();
        let facts =
            Facts { cost: 1.5, diff_lines: 20, checks_passed: true, confidence: 0.95, ..Facts::default() };
        assert!(holds(rule, &facts));
        assert!(!holds(rule, &Facts { risky: true, ..facts.clone() }));
        assert!(!holds(rule, &Facts { cost: 2.0, ..facts.clone() }));
        let kinds = "kind in ['documentation', 'testing'] || (tier == 'trusted' && reviewed)";
        check(kinds).unwrap();
        assert!(!holds(kinds, &facts) && holds(kinds, &Facts { kind: "testing".into(), ..facts }));
    }

    #[test]
    fn mistakes_are_found_before_they_count() {
        for (wrong, said) in [
            ("cost <", "1:7: Syntax error"),
            ("csot < 2", "there is no fact `csot`; facts are cost, diff_lines"),
            ("cost < 'two'", "_<_"),
            ("checks_passed && confidence > 'high'", "_>_"),
            ("risky && !risky && diff_lines > 'x'.size() && cost && true", ""),
            ("cost + 1.0", "not true or false"),
            ("", "empty"),
            ("[1, 2].map(cost, cost).size() > 1", "`map` cannot be used here"),
            ("[1].all(cost, cost > 1)", "`all` cannot be used here"),
        ] {
            let found = check(wrong).unwrap_err();
            assert!(found.contains(said), "{wrong}: {found}");
        }
        let deep = format!("{}risky{}", "(".repeat(70), ")".repeat(70));
        assert!(check(&deep).unwrap_err().contains("nests too deeply"));
        let most = format!("{}risky{}", "(".repeat(MOST_NESTED), ")".repeat(MOST_NESTED));
        check(&most).unwrap();
        // The longest of what nests without brackets: neither may fill the stack.
        check(&format!("{}risky", "risky?risky:".repeat(41))).unwrap();
        check(&format!("{}1 > 0", "1+".repeat(240))).unwrap();
        assert!(check(&"risky || ".repeat(100)).unwrap_err().contains("longer than 500"));
    }
}
