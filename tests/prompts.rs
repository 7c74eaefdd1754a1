//! Prompts of a project's own.

use crate::sidekick::{Bench, said};

#[test]
fn a_project_says_it_in_its_own_words() {
    let bench = Bench::new();
    let repo = bench.repo.path().display().to_string();
    let config = |file: &str| {
        bench.configure(&format!(
            "agents: {{script: {{command: [sh, -c, 'cat > prompt.txt']}}}}\nprojects: {{shop: {{repo: {repo}, prompts: {{task: {file}}}}}}}\n"
        ));
    };
    config("mine.md");
    std::fs::write(bench.data().join("mine.md"), "Please: {{ task }}\n").unwrap();
    let done = bench.json(&["run", "count {{ 6 * 7 }}", "--agent", "script", "--project", "shop"]);
    let diff = said(&bench.output(&["diff", done["task"].as_str().unwrap()]));
    assert!(diff.contains("+Please: count {{ 6 * 7 }}"), "what is put in is no template: {diff}");

    std::fs::write(bench.data().join("wrong.md"), "Please:\n{{ tusk }}\n").unwrap();
    for (file, why) in [("wrong.md", "the prompt `task`, line 2"), ("nowhere.md", "cannot be read")] {
        config(file);
        let output = bench.output(&["run", "x", "--agent", "script", "--project", "shop"]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(
            said(&output).contains("project `shop`: the prompt `task`") && said(&output).contains(why),
            "{}",
            said(&output)
        );
    }
}
