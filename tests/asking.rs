//! Questions to a person, answered by links and together: what answers and what only looks, what is refused, and that nobody
//! answers what they have not seen.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::sidekick::{Bench, Daemon, said};

const SCENARIO: &str = "parts:\n\
    - - write: {path: a.txt, content: \"painted\\n\"}\n\
    \x20\x20- ask: {question: \"QUESTION\", choices: [blue, '1', <b>green</b>]}\n\
    \x20\x20- say: I asked.\n\
    - - append: {path: a.txt, content: \"{{ feedback }}\\n\"}\n";

/// A task that asks, in the repository's own project; its id.
fn asks(bench: &Bench, question: &str) -> String {
    let scenario = bench.scenario(&SCENARIO.replace("QUESTION", question));
    let accepted = bench.json(&["run", "Add paint", "--scenario", &scenario, "--detach"]);
    let id = accepted["task"].as_str().unwrap().to_owned();
    bench.until(&id, |task| task["state"] == "waiting");
    id
}

/// The URLs of a task's links.
fn links(bench: &Bench, daemon: &Daemon, id: &str) -> Vec<String> {
    let asked = bench.json(&["questions", "--links"]);
    let tasks = asked.as_array().unwrap().iter().flat_map(|group| group["tasks"].as_array().unwrap());
    let task = tasks.into_iter().find(|task| task["task"] == id).unwrap_or_else(|| panic!("{asked}")).clone();
    let links = task["links"].as_array().unwrap().iter();
    links.map(|link| format!("{}{}", daemon.url, link["path"].as_str().unwrap())).collect()
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

fn get(url: &str) -> (u16, String) {
    let mut answer = agent().get(url).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

/// As a browser sends the form.
fn post(url: &str, origin: Option<&str>) -> (u16, String) {
    let request = agent().post(url).header("content-type", "application/x-www-form-urlencoded");
    let request = origin.iter().fold(request, |request, origin| request.header("origin", *origin));
    let mut answer = request.send("").unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

fn answers(bench: &Bench, id: &str) -> Vec<Value> {
    let log = String::from_utf8(bench.output(&["--json", "logs", id]).stdout).unwrap();
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["type"] == "question.answered").collect()
}

#[test]
fn a_link_answers_once_and_looking_at_it_does_not() {
    let bench = Bench::new();
    let daemon = bench.serve();
    let id = asks(&bench, "Which <i>colour</i>?");
    let all = links(&bench, &daemon, &id);
    assert_eq!(all.len(), 3);
    let more = links(&bench, &daemon, &id);
    // Whoever looks, and however often: previews, scanners, HEAD.
    for _ in 0..3 {
        let (status, page) = get(&all[1]);
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("Which &lt;i&gt;colour&lt;/i&gt;?") && page.contains("<b>1</b>"), "{page}");
        assert!(page.contains("<form method=\"post\">") && !page.contains("<script"), "{page}");
    }
    let (_, other) = get(&all[2]);
    assert!(other.contains("&lt;b&gt;green&lt;/b&gt;"), "{other}");
    agent().head(&all[1]).call().unwrap();
    let looked = agent().get(&all[1]).call().unwrap();
    let header = |name: &str| looked.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("referrer-policy"), "same-origin", "or the form's Origin is null");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert!(answers(&bench, &id).is_empty());
    assert_eq!(bench.json(&["show", &id])["state"], "waiting");

    // From another site it is refused; from its own page it answers.
    assert_eq!(post(&all[1], Some("http://evil.example")).0, 403);
    assert!(answers(&bench, &id).is_empty());
    let (status, page) = post(&all[1], Some(&daemon.url));
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Noted"), "{page}");
    let given = answers(&bench, &id);
    // The choice `1` is the second, and not the number of the first.
    assert_eq!((given.len(), &given[0]["data"]["text"]), (1, &json!("1")), "{given:?}");
    assert_eq!(given[0]["actor"], "person:link");
    bench.until(&id, |task| task["state"] == "review");

    // Used, and every other link of the question with it.
    for (url, word) in
        [(&all[1], "used already"), (&all[0], "answered already"), (&more[1], "answered already")]
    {
        for (status, page) in [get(url), post(url, None)] {
            assert_eq!(status, 410, "{page}");
            assert!(page.contains(word), "{page}");
        }
    }
    assert_eq!(answers(&bench, &id).len(), 1);
    let log = std::fs::read_to_string(bench.dir.path().join("daemon.log")).unwrap();
    let code = all[1].rsplit('~').next().unwrap();
    assert!(!log.contains(code), "a link is not in the log");
    let mode = std::fs::metadata(bench.data().join("links.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_not_whole_not_ours_or_for_another_question_answers_nothing() {
    let bench = Bench::new();
    let mut daemon = bench.serve();
    let (first, second) = (asks(&bench, "Which colour?"), asks(&bench, "Which size?"));
    let (one, two) = (links(&bench, &daemon, &first)[0].clone(), links(&bench, &daemon, &second)[0].clone());
    let forged = [
        // Another task, another choice, later, the code of another link, cut off.
        one.replace(&first, &second),
        one.replace("~1.1~1~", "~1.1~2~"),
        one.replace("~1.1~1~1", "~1.1~1~9"),
        format!("{}~{}", one.rsplit_once('~').unwrap().0, two.rsplit_once('~').unwrap().1),
        one[..one.len() - 1].to_owned(),
        format!("{}/answer/x", daemon.url),
    ];
    for url in &forged {
        assert_ne!(*url, one);
        for (status, page) in [get(url), post(url, None)] {
            assert_eq!(status, 404, "{url}: {page}");
            assert!(page.contains("not one of ours"), "{page}");
        }
    }
    // Trying on is not looked at for a while; who has a right one is not held up by it.
    let tries: Vec<u16> = (0..30).map(|n| post(&format!("{}/answer/{n}", daemon.url), None).0).collect();
    assert!(tries.contains(&429), "{tries:?}");
    assert!(answers(&bench, &first).is_empty() && answers(&bench, &second).is_empty());
    assert_eq!(get(&one).0, 200, "the control: unchanged it is good");

    // It outlives the daemon; not the question.
    let path = one.strip_prefix(&daemon.url).unwrap().to_owned();
    drop(daemon);
    daemon = bench.serve();
    let one = format!("{}{path}", daemon.url);
    assert_eq!(get(&one).0, 200);
    bench.json(&["answer", &first, "2"]);
    let (status, page) = post(&one, None);
    assert!(status == 410 && page.contains("answered already"), "{page}");
    // Of two who come at once, one is late.
    let two = format!(
        "{}{}",
        daemon.url,
        two.split_once("/answer/").map(|(_, rest)| format!("/answer/{rest}")).unwrap()
    );
    let both: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| post(&two, None).0)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(both.iter().filter(|status| **status == 200).count(), 1, "{both:?}");
    assert_eq!(answers(&bench, &second).len(), 1);
    // Without a daemon that stays, no link would lead anywhere.
    drop(daemon);
    let refused = bench.output(&["questions", "--links"]);
    assert!(said(&refused).contains("no daemon runs"), "{}", said(&refused));
}

#[test]
fn alike_questions_are_one_and_answered_together_by_who_has_seen_them() {
    let bench = Bench::new();
    let other = testkit::repo::Repo::new(bench.dir.path().join("other/shop"));
    let daemon = bench.serve();
    let (first, second) = (asks(&bench, "Which colour?"), asks(&bench, "which  COLOUR"));
    let apart = asks(&bench, "Which colour 2?");
    // The same name and the same words, in another repository.
    let scenario = bench.scenario(&SCENARIO.replace("QUESTION", "Which colour?"));
    let repo = other.path().display().to_string();
    let elsewhere =
        bench.json(&["run", "Add paint", "--repo", &repo, "--scenario", &scenario, "--detach"])["task"]
            .as_str()
            .unwrap()
            .to_owned();
    bench.until(&elsewhere, |task| task["state"] == "waiting");

    let ids = |group: &Value| -> Vec<String> {
        group["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["task"].as_str().unwrap().to_owned())
            .collect()
    };
    let asked = bench.json(&["questions"]);
    let groups: Vec<_> = asked.as_array().unwrap().iter().map(ids).collect();
    let alone = |id: &String| vec![id.clone()];
    assert_eq!(groups, [vec![first.clone(), second.clone()], alone(&apart), alone(&elsewhere)], "{asked}");
    assert_eq!(asked[1]["alike"], Value::Null);
    let seen = format!("--alike={}", asked[0]["alike"].as_str().unwrap());
    let text = said(&bench.output(&["questions"]));
    assert!(text.contains(&format!("Answer all: sidekick answer {} 1", &first[first.len() - 8..])), "{text}");

    // Without what was seen, it only says which they are.
    let asked_only = bench.output(&["answer", &first, "1", "--alike"]);
    assert_eq!(asked_only.status.code(), Some(2));
    assert!(
        said(&asked_only).contains("2 tasks ask the same; nothing was answered yet"),
        "{}",
        said(&asked_only)
    );
    // One more asks the same meanwhile: nobody has seen that.
    let third = asks(&bench, "Which colour?");
    let refused = bench.output(&["answer", &first, "1", &seen]);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("other tasks ask this by now"), "{}", said(&refused));
    for id in [&first, &second, &third] {
        assert!(answers(&bench, id).is_empty(), "nothing was answered");
    }
    let seen = format!("--alike={}", bench.json(&["questions"])[0]["alike"].as_str().unwrap());
    let done = bench.json(&["answer", &second, "3", &seen]);
    assert_eq!((done["answered"].as_array().unwrap().len(), &done["refused"]), (3, &json!([])), "{done}");
    for id in [&first, &second, &third] {
        let given = answers(&bench, id);
        assert_eq!((given.len(), &given[0]["data"]["text"]), (1, &json!("<b>green</b>")));
        bench.until(id, |task| task["state"] == "review");
    }
    for id in [&apart, &elsewhere] {
        assert!(answers(&bench, id).is_empty());
        assert_eq!(bench.json(&["show", id])["state"], "waiting");
    }
    let alone = bench.output(&["answer", &apart, "1", "--alike"]);
    assert!(said(&alone).contains("no other task asks the same"), "{}", said(&alone));
    drop(daemon);
}
