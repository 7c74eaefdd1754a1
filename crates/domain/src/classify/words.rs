//! The words and phrases that say what sort of work is meant, with their weights. A word ends in `*` when any ending will
//! do, `…` stands for up to five words, `^` for the beginning of the title. English, and the German that slips in.

use crate::nature::Kind::{
    self, Debugging, Documentation, Implementation, Planning, Refactoring, Research, Review, Testing,
};

/// Each kind with its phrases.
pub(super) const KINDS: &[(Kind, &[(&str, i32)])] = &[
    (Debugging, DEBUGGING),
    (Implementation, IMPLEMENTATION),
    (Testing, TESTING),
    (Refactoring, REFACTORING),
    (Documentation, DOCUMENTATION),
    (Review, REVIEW),
    (Planning, PLANNING),
    (Research, RESEARCH),
];

const DEBUGGING: &[(&str, i32)] = &[
    ("^fix", 4), ("fix", 2), ("bug", 3), ("bugs", 3), ("fails", 4), ("failing", 3), ("failed", 2), ("crash*", 4),
    ("broken", 2), ("does not work", 5), ("doesn t work", 5), ("not working", 5), ("hangs", 4), ("freezes", 4),
    ("leak*", 2), ("out of memory", 5), ("oom", 4), ("deadlock*", 4), ("race condition", 4), ("data race", 5),
    ("flaky", 3), ("off by one", 5), ("why does", 5), ("why do", 4), ("why is", 4), ("exception", 3),
    ("traceback", 6), ("panicked at", 6), ("segfault*", 6), ("nullpointerexception", 5), ("keyerror", 3),
    ("typeerror", 3), ("stack trace", 4), ("stacktrace", 4), ("used to work", 6), ("no longer", 3),
    ("any more since", 4), ("since we upgraded", 5), ("since the … deploy", 4), ("sometimes", 2), ("cut off", 3),
    ("returns 5*", 3), ("with 500", 3), ("returns nothing", 4), ("returns the wrong", 5), ("prod down", 6),
    ("error message", 2), ("wrong", 1), ("error", 1), ("stuck", 2), ("twice", 1), ("steps to reproduce", 6),
    ("expected … actual", 4), ("reproduce", 2), ("beheben", 5), ("fehler", 4), ("kaputt", 4), ("geht nicht", 5),
    ("funktioniert nicht", 5), ("stürzt", 5), ("should be", 1), ("users can see", 3), ("close this hole", 4),
    ("misaligned", 3), ("glitch*", 3), ("stays grey", 3), ("nan", 2), ("regression", 1), ("incorrect*", 3),
    ("unexpected*", 2), ("keeps … alive", 2), ("grows by", 3), ("killed", 1), ("dropped rows", 4), ("debug*", 5),
    ("stops … from", 1), ("troubleshoot", 4), ("shows … instead of", 3),
];

const IMPLEMENTATION: &[(&str, i32)] = &[
    ("^add", 4), ("^implement*", 6), ("^create", 3), ("^build", 4), ("^support", 4), ("^make", 2), ("^let", 3),
    ("^show", 4), ("^allow", 4), ("^introduce", 3), ("^provide", 3), ("^integrate", 3), ("^enable", 3),
    ("^expose", 3), ("^train", 4), ("^port", 3), ("^new", 3), ("^write a … script", 5), ("^write a small", 4),
    ("please add", 5), ("pls add", 5), ("as a user", 5), ("as an admin", 5), ("i want to", 2), ("add support", 3),
    ("new column", 4), ("new page", 4), ("new endpoint", 4), ("endpoint", 2), ("feature", 2), ("button", 2),
    ("we need", 3), ("brauchen", 4), ("i d like", 4), ("wrapper", 1), ("script", 1), ("configurable", 3),
    ("hinzufügen", 5), ("einbauen", 5), ("acceptance", 2), ("websocket endpoint", 3), ("rate limit", 4),
    ("batch inference", 4), ("offline mode", 5), ("flag", 1), ("log in with", 2), ("multi tenant support", 3),
    ("switch of the", 2), ("dark mode", 2), ("should support", 4), ("remember", 1),
];

const TESTING: &[(&str, i32)] = &[
    ("^test", 5), ("tests", 3), ("test", 2), ("write tests", 5), ("write … tests", 4), ("tests for", 4),
    ("unit test*", 5), ("a test", 3), ("add … test", 4), ("coverage", 5), ("end to end tests", 6),
    ("end to end test", 6), ("e2e", 5), ("playwright", 2), ("cypress", 3), ("pytest", 3), ("property based", 5),
    ("fuzz*", 5), ("regression test*", 6), ("snapshot test*", 5), ("snapshot", 1), ("mock*", 3), ("load test*", 6),
    ("assert*", 4), ("parametri*", 5), ("test case*", 4), ("test harness", 6), ("contract test*", 6),
    ("testcontainers", 4), ("integration test*", 6), ("^cover", 4), ("decoder tests", 4), ("nothing tests", 5),
    ("tests schreiben", 5), ("test_*", 3), ("untested", 1), ("^increase coverage", 4), ("ci on every", 1),
];

const REFACTORING: &[(&str, i32)] = &[
    ("refactor*", 7), ("^rename", 6), ("rename … everywhere", 6), ("rename", 2), ("extract", 4), ("^split", 4),
    ("split … into", 3), ("dedupe", 6), ("deduplicate", 5), ("dead code", 5), ("clean up", 6), ("cleanup", 5),
    ("simplify", 6), ("^replace", 5), ("^move", 5), ("restructure", 6), ("^inline", 6),
    ("without changing behavio*", 7), ("same behavio*", 6), ("unused", 4), ("sort imports", 5), ("get rid of", 5),
    ("consolidate", 6), ("decouple", 6), ("^convert", 5), ("^migrate the", 4), ("aufräumen", 6), ("umbenennen", 6),
    ("duplicat*", 2), ("^turn", 4), ("copied", 2), ("helper", 1), ("magic number*", 5), ("^remove", 3),
    ("monolith*", 2), ("tidy", 4), ("too long", 2), ("immutable", 3), ("layers", 1), ("instead of the global", 5),
    ("into one", 2), ("nested", 2), ("^make … immutable", 4), ("^use … instead of", 4), ("instead of string", 2),
    ("reorgani*", 5), ("moderni*", 3), ("pull it into", 4),
];

const DOCUMENTATION: &[(&str, i32)] = &[
    ("readme", 5), ("docs", 5), ("^document", 7), ("document", 2), ("documentation", 6), ("docstring*", 7),
    ("changelog", 7), ("tutorial", 6), ("guide", 5), ("^comment", 6), ("dokumentation", 7), ("dokumentier*", 7),
    ("handbook", 7), ("manual", 4), ("runbook", 7), ("release notes", 7), ("man page", 7), ("adr", 5),
    ("translate", 3), ("spell check", 6), ("license headers", 5), ("wiki", 3), ("api reference", 5),
    ("write docs", 4), ("help texts", 4), ("cookbook", 4), ("faq", 4), ("^explain", 4), ("with an example", 2),
    ("broken links", 5), ("migration guide", 4), ("diagram", 2), ("contributing", 4), ("how to set up", 3),
    ("user manual", 4), ("contributors", 2),
];

const REVIEW: &[(&str, i32)] = &[
    ("^review", 8), ("review", 4), ("reviewen", 7), ("code review", 6), ("security review", 6), ("^audit", 8),
    ("audit", 4), ("have a look at", 6), ("quick look", 6), ("look at my", 4), ("lgtm", 7), ("second opinion", 7),
    ("critique", 7), ("pr 1*", 2), ("pull request", 2), ("merge request", 3), ("proofread", 7), ("^assess", 6),
    ("^check the diff", 7), ("check the diff", 4), ("^check", 3), ("^verify", 3), ("is this the", 3),
    ("idiomatic", 3), ("naming ok", 4), ("comment on", 3), ("pulls", 2), ("for regressions", 3), ("what worries", 4),
    ("do they test", 5), ("should merge", 4), ("really fix", 4), ("numerical stability", 2), ("before it is merged", 4),
    ("begutachten", 6), ("prüfe", 3), ("which one we should", 3), ("accessibility review", 3), ("looks right", 4),
];

const PLANNING: &[(&str, i32)] = &[
    ("^plan", 8), ("plan", 2), ("^design", 7), ("design doc*", 6), ("system design", 6), ("architecture for", 4),
    ("architecture", 1), ("roadmap", 7), ("propose", 5), ("proposal", 6), ("rfc", 6), ("^estimate", 7), ("estimate", 3),
    ("break … into", 5), ("^break", 4), ("subtasks", 6), ("^outline", 6), ("^strategy", 6), ("strategy", 3),
    ("trade offs", 4), ("no code yet", 6), ("before anybody writes code", 5), ("milestone*", 6),
    ("work breakdown", 6), ("entwirf", 7), ("entwurf", 5), ("planen", 6), ("how should we", 6), ("what order", 4),
    ("^decompose", 7), ("^specify", 6), ("todo list", 6), ("epic", 3), ("sprint*", 4), ("come up with", 3),
    ("think through", 5), ("prepare the plan", 6), ("rollback plan", 3), ("don t implement", 5),
    ("define acceptance criteria", 6), ("options and recommend", 2), ("next steps", 3), ("in steps", 2),
];

const RESEARCH: &[(&str, i32)] = &[
    ("^research", 8), ("research", 3), ("^evaluate", 7), ("evaluate", 3), ("^compare", 5), ("compare", 1),
    ("find out", 5), ("^investigate", 5), ("investigate", 3), ("^survey", 8), ("^look into", 7), ("look into", 4),
    ("^what", 4), ("^which", 5), ("^how do", 5), ("^how does", 5), ("^where", 5), ("^is there", 7), ("^are there", 7),
    ("what does", 3), ("pros and cons", 6), ("summari*", 4), ("^understand", 6), ("^explore", 6),
    ("state of the art", 5), ("^benchmark", 5), ("recherchier*", 8), ("^gather", 7), ("with sources", 5),
    ("explain it to me", 6), ("reverse engineer", 7), ("alternatives", 3), ("write up", 2), ("no changes", 4),
    ("only a report", 6), ("tell me what", 4), ("collect", 2), ("latest … version", 3), ("with citations", 4),
    ("herausfinden", 6), ("linked papers", 4), ("who uses", 3), ("affects our", 2), ("frameworks for", 2),
];

/// What makes a mistake dear.
pub(super) const CRITICAL: &[(&str, i32)] = &[
    ("prod down", 6), ("production", 3), ("prod", 2), ("asap", 1), ("outage", 4), ("payment*", 2), ("security", 3),
    ("charged", 2), ("data loss", 4), ("lose", 2), ("losing", 2), ("lost", 1), ("no downtime", 2), ("zero downtime", 2),
    ("patient*", 2), ("real money", 4), ("money", 2), ("credential*", 2), ("cve", 4), ("go live", 2), ("hole", 2),
    ("other tenants", 4), ("other users", 2), ("dropped rows", 4), ("permission*", 1), ("encryption at rest", 3),
    ("kill somebody", 5), ("dose", 2), ("dosage", 2), ("smart contract", 3), ("reentrancy", 2), ("live card", 3),
    ("wrong people", 3), ("vulnerab*", 2), ("injection", 3), ("breach", 4), ("leaked", 2), ("customer data", 3),
    ("gdpr", 1), ("auth", 1), ("authentication", 1), ("database", 1), ("ledger", 2), ("customers", 1), ("refunds", 1),
    ("exploit", 4), ("secret*", 1), ("cannot lose", 2), ("backup*", 1), ("with data in it", 2), ("terraform", 1),
];

/// What makes several parts change together, or the way to the result long.
pub(super) const HIGH: &[(&str, i32)] = &[
    ("architecture", 3), ("across", 2), ("whole", 3), ("entire", 3), ("every", 1), ("all", 1), ("multi", 2),
    ("several", 2), ("three services", 3), ("six services", 3), ("services", 2), ("system", 1), ("design doc", 2),
    ("deadlock*", 3), ("race", 2), ("memory grows", 3), ("memory leak", 3), ("monolith*", 3), ("plugin system", 4),
    ("offline mode", 3), ("sync engine", 3), ("real time", 3), ("state of the art", 3), ("survey", 2),
    ("contract tests", 3), ("load test", 3), ("restructure", 3), ("redesign", 3), ("rewrite", 3), ("handbook", 3),
    ("epic", 3), ("data model", 2), ("audit", 2), ("distributed", 4), ("concurren*", 2), ("failover", 3),
    ("out of memory", 2), ("conflict resolution", 3), ("end to end tests for the whole", 2), ("module boundaries", 2),
    ("from … to … screen", 2), ("decouple", 3), ("migrate the whole", 3), ("four packages", 3), ("in parallel", 1),
    ("benchmark", 2), ("undocumented", 3), ("performance audit", 2), ("bounded contexts", 3), ("with dependencies", 1),
    ("harness", 2), ("legacy", 1), ("migrate", 1), ("consistent with", 2), ("each other", 1), ("platforms", 2),
];

/// What is done in a line or two.
pub(super) const LOW: &[(&str, i32)] = &[
    ("typo*", 4), ("^rename", 3), ("footer", 2), ("label", 2), ("flag", 2), ("constant", 3), ("a unit test", 2),
    ("trailing comma", 4), ("favicon", 4), ("quick look", 4), ("changelog", 3), ("broken links", 2), ("unused", 2),
    ("dead code", 2), ("spell", 3), ("license", 2), ("licence", 2), ("column", 1), ("env var", 2), ("^estimate", 2),
    ("^which", 3), ("what does", 3), ("^where", 3), ("^is there", 3), ("button label", 2), ("add one", 3), ("one case", 2),
    ("inline", 2), ("variable", 1), ("magic number", 2), ("snapshot test", 2), ("commit messages", 2), ("todo list", 3),
    ("nullpointerexception in", 3), ("headers", 1), ("only changes", 3), ("link", 1), ("import path", 3), ("subtasks", 2),
    ("text", 1), ("sort imports", 2), ("color", 1), ("colour", 1), ("version number", 2), ("latest stable", 2),
    ("^bump", 4), ("readme", 1), ("comment what", 3), ("milestones", 1), ("^remove", 1), ("idiomatic", 2), ("match statement", 2),
];

/// What needs a graphics processor.
pub(super) const GPU: &[&str] = &[
    "cuda", "gpu", "gpus", "a100*", "h100*", "rtx *", "vram", "tensorrt*", "fine tune", "finetune", "nvidia smi", "triton kernel*",
    "rocm", "mps backend",
];

/// Where it is named and not needed.
pub(super) const NO_GPU: &[&str] =
    &["without a gpu", "without gpu", "no gpu", "cpu only", "gpu column", "gpu usage", "gpu is not", "not need a gpu"];
