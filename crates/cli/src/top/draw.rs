//! How it is drawn: two columns where there is room, one below the other where not.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Row as TableRow, Table, TableState, Wrap};

use super::{Asking, Link, Opened, Section, Top};
use crate::show;
use crate::ui::plain;

/// From this width on, projects and credits stand beside the tasks.
const WIDE: u16 = 120;
/// Smaller than this nothing can be read.
const LEAST: (u16, u16) = (40, 12);

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, top: &Top) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let words = format!("Too small: {} by {} at least.", LEAST.0, LEAST.1);
        frame.render_widget(Paragraph::new(words).wrap(Wrap { trim: true }), area);
        return;
    }
    let [head, middle, said, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(2),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Line::from(head_line(top, head.width)).style(BOLD), head);
    match &top.opened {
        Some(opened) => task(frame, middle, top, opened),
        None => overview(frame, middle, top),
    }
    footer(frame, said, keys, top);
}

fn head_line(top: &Top, width: u16) -> String {
    let count = |section: Section| top.rows.iter().filter(|row| row.section == section).count();
    let (you, running) = (count(Section::You), count(Section::Running));
    let planned = top.facts.plan.as_ref();
    let queue = count(Section::Queue) + planned.map_or(0, |plan| plan.left_out);
    let waits = if you == 1 { "1 waits for you".into() } else { format!("{you} wait for you") };
    let more = if top.facts.cut { " at least" } else { "" };
    let left = format!("sidekick  {waits}{more}, {running} of {} run, {queue} in the queue", top.facts.limit);
    let right = match top.link {
        Link::Live => top.facts.at.to_zoned(top.facts.zone.clone()).strftime("%a %H:%M").to_string(),
        Link::Gone => "NO DAEMON, trying again".into(),
    };
    let gap = usize::from(width).saturating_sub(left.chars().count() + right.chars().count());
    format!("{left}{}{right}", " ".repeat(gap.max(1)))
}

fn overview(frame: &mut Frame<'_>, area: Rect, top: &Top) {
    let (projects, credits) = (top.facts.projects(), top.facts.credits());
    if area.width >= WIDE {
        let [left, right] =
            Layout::horizontal([Constraint::Fill(5), Constraint::Fill(3)]).spacing(2).areas(area);
        tasks(frame, left, top);
        let (projects, credits) = (told_projects(&projects), told_credits(&credits));
        let heights = share(right.height, [&projects, &credits].map(|told| listed(told.len())));
        let [upper, lower] = Layout::vertical(heights.map(Constraint::Length)).areas(right);
        told(frame, upper, "Projects", projects);
        told(frame, lower, "Credits", credits);
        return;
    }
    let short = if area.height < 30 { 4 } else { 7 };
    let [upper, lower, rest] = Layout::vertical([
        Constraint::Length(listed(projects.len()).min(short)),
        Constraint::Length(listed(credits.len()).min(short)),
        Constraint::Fill(1),
    ])
    .areas(area);
    projects_table(frame, upper, &projects);
    credits_table(frame, lower, &credits);
    tasks(frame, rest, top);
}

/// How high a list with its title is; one that is empty says so.
fn listed(rows: usize) -> u16 {
    u16::try_from(rows.max(1)).unwrap_or(u16::MAX).saturating_add(1)
}

fn titled(text: String) -> Block<'static> {
    Block::new().borders(Borders::TOP).border_style(DIM).title(Span::styled(text, BOLD))
}

fn projects_table(frame: &mut Frame<'_>, area: Rect, rows: &[[String; 4]]) {
    let block = titled(counted("Projects", rows.len(), area));
    if rows.is_empty() {
        let words = "None. `sidekick project add` adds the repository you stand in.";
        frame.render_widget(Paragraph::new(words).block(block), area);
        return;
    }
    let widths = [
        Constraint::Max(widest(rows.iter().map(|row| &row[0]), 14)),
        Constraint::Length(2),
        Constraint::Max(widest(rows.iter().map(|row| &row[2]), 27)),
        Constraint::Fill(1),
    ];
    frame.render_widget(Table::new(cells(rows), widths).block(block), area);
}

fn credits_table(frame: &mut Frame<'_>, area: Rect, rows: &[[String; 3]]) {
    let block = titled(counted("Credits", rows.len(), area));
    if rows.is_empty() {
        let words = "No account is used. `sidekick agents` says what each needs.";
        frame.render_widget(Paragraph::new(words).block(block), area);
        return;
    }
    let widths = [
        Constraint::Max(widest(rows.iter().map(|row| &row[0]), 16)),
        Constraint::Max(widest(rows.iter().map(|row| &row[1]), 10)),
        Constraint::Fill(1),
    ];
    frame.render_widget(Table::new(cells(rows), widths).block(block), area);
}

/// Beside the tasks there is little width and much height: each in a line, and what is said of it below.
fn told(frame: &mut Frame<'_>, area: Rect, title: &str, lines: Vec<Line<'_>>) {
    let block = titled(format!("{title} "));
    let lines = if lines.is_empty() { vec![Line::styled("None.", DIM)] } else { lines };
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).block(block), area);
}

fn told_projects(rows: &[[String; 4]]) -> Vec<Line<'_>> {
    let lines = rows.iter().flat_map(|[name, priority, amount, forecast]| {
        let head = [name, priority, amount].map(String::as_str).join("  ");
        [Line::styled(head.trim_end().to_owned(), BOLD), Line::from(format!("  {forecast}"))]
    });
    lines.collect()
}

fn told_credits(rows: &[[String; 3]]) -> Vec<Line<'_>> {
    let lines = rows.iter().flat_map(|[name, state, left]| {
        let head = Line::styled(format!("{name}  {state}"), BOLD);
        std::iter::once(head).chain(left.split("; ").map(|part| Line::from(format!("  {part}"))))
    });
    lines.collect()
}

fn cells<const N: usize>(rows: &[[String; N]]) -> impl Iterator<Item = TableRow<'_>> {
    rows.iter().map(|row| TableRow::new(row.iter().map(String::as_str)))
}

/// A title that says when not all is shown.
fn counted(title: &str, rows: usize, area: Rect) -> String {
    let room = usize::from(area.height.saturating_sub(1));
    if rows > room { format!("{title} ({room} of {rows}) ") } else { format!("{title} ") }
}

fn widest<'a>(words: impl Iterator<Item = &'a String>, most: u16) -> u16 {
    let widest = words.map(|word| Span::raw(word.as_str()).width()).max().unwrap_or(0);
    u16::try_from(widest).unwrap_or(most).min(most)
}

fn tasks(frame: &mut Frame<'_>, area: Rect, top: &Top) {
    let of = |section: Section| top.rows.iter().filter(move |row| row.section == section).count();
    let counts = [of(Section::You), of(Section::Running), of(Section::Queue)];
    let heights = share(area.height, counts.map(listed));
    let areas: [Rect; 3] = Layout::vertical(heights.map(Constraint::Length)).areas(area);
    let sections = [
        (Section::You, "For you", "Nothing waits for you."),
        (Section::Running, "Running", "Nothing runs."),
        (Section::Queue, "Queue", "Nothing is queued. `sidekick run \"what is to be done\"` gives a task."),
    ];
    let mut first = 0;
    for (((section, title, empty), area), count) in sections.into_iter().zip(areas).zip(counts) {
        let title = if count > 0 { format!("{title} ({count}) ") } else { format!("{title} ") };
        let block = titled(title);
        if count == 0 {
            frame.render_widget(Paragraph::new(Line::styled(empty, DIM)).block(block), area);
            continue;
        }
        let chosen = top.selected.checked_sub(first).filter(|at| *at < count);
        section_table(frame, area, (top, section, chosen), block);
        first += count;
    }
}

fn section_table(
    frame: &mut Frame<'_>,
    area: Rect,
    (top, section, chosen): (&Top, Section, Option<usize>),
    block: Block<'_>,
) {
    let rows: Vec<_> = top.rows.iter().filter(|row| row.section == section).collect();
    let widths = [
        Constraint::Length(8),
        Constraint::Max(widest(rows.iter().map(|row| &row.project), 12)),
        Constraint::Max(widest(rows.iter().map(|row| &row.what), 16)),
        Constraint::Fill(2),
        Constraint::Fill(3),
    ];
    let drawn = rows.iter().map(|row| {
        TableRow::new([&row.short, &row.project, &row.what, &row.title, &row.detail].map(String::as_str))
    });
    let table = Table::new(drawn, widths)
        .block(block)
        .highlight_symbol("> ")
        .highlight_spacing(ratatui::widgets::HighlightSpacing::Always)
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = TableState::new().with_selected(chosen);
    frame.render_stateful_widget(table, area, &mut state);
}

/// Heights of lists: none starves, and none has more than it needs while another wants it; the last has the rest.
fn share<const N: usize>(total: u16, wants: [u16; N]) -> [u16; N] {
    let equal = total / u16::try_from(N.max(1)).unwrap_or(u16::MAX);
    let mut heights = wants.map(|want| want.min(equal));
    let mut left = total.saturating_sub(heights.iter().sum());
    for (height, want) in heights.iter_mut().zip(wants) {
        let more = left.min(want - *height);
        *height += more;
        left -= more;
    }
    if let Some(last) = heights.last_mut() {
        *last += left;
    }
    heights
}

fn task(frame: &mut Frame<'_>, area: Rect, top: &Top, opened: &Opened) {
    let mut head: Vec<Line<'_>> = Vec::new();
    if let Some(task) = top.task() {
        let at = top.facts.at;
        head.push(Line::from(format!(
            "{} {}  {}  {}",
            task.short,
            plain(&task.project),
            task.state,
            show::detail(task, at).replace('\n', " ")
        )));
        for question in task.questions.iter().filter(|question| question.answer.is_none()) {
            head.push(Line::styled(format!("Asks: {}", plain(&question.text).replace('\n', " ")), BOLD));
            let choices = question.choices.iter().zip(1..);
            let told: Vec<_> = choices.map(|(choice, n)| format!("{n} {}", plain(choice))).collect();
            head.push(Line::from(told.join("   ")));
        }
        if let Some(summary) = &task.summary {
            head.extend(plain(summary).lines().take(4).map(|line| Line::from(line.to_owned())));
        }
    }
    let title = top.task().map_or_else(
        || top.rows.iter().find(|row| row.id == opened.id).map_or(String::new(), |row| row.title.clone()),
        |task| plain(&task.title),
    );
    let height = u16::try_from(head.len()).unwrap_or(0).min(area.height / 2);
    let [title_area, upper, lower] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(height), Constraint::Fill(1)])
            .areas(area);
    frame.render_widget(Line::styled(title, BOLD), title_area);
    frame.render_widget(Paragraph::new(head), upper);
    let block = titled(if opened.up > 0 { format!("Log, {} lines up ", opened.up) } else { "Log ".into() });
    let room = usize::from(lower.height.saturating_sub(1));
    let end = opened.lines.len().saturating_sub(opened.up).max(room.min(opened.lines.len()));
    let shown = &opened.lines[end.saturating_sub(room)..end];
    let lines: Vec<_> = shown.iter().map(|line| Line::from(line.replace('\t', "    "))).collect();
    frame.render_widget(Paragraph::new(lines).block(block), lower);
}

fn footer(frame: &mut Frame<'_>, said: Rect, keys: Rect, top: &Top) {
    let help = match (&top.asking, &top.opened) {
        (Some(Asking::Sure { .. }), _) => "y yes  n no",
        (Some(Asking::Line { .. }), _) => "enter send  esc leave it",
        (None, Some(_)) => "j/k scroll  1-9 answer  a approve  r send back  s stop  q back",
        (None, None) => "j/k move  tab next list  enter look  a approve  r send back  s stop  q quit",
    };
    frame.render_widget(Line::styled(help, DIM), keys);
    let (text, style) = match &top.asking {
        Some(Asking::Sure { words, .. }) => (words.clone(), BOLD),
        Some(Asking::Line { label, text, .. }) => {
            // The end is where is written.
            let room = (usize::from(said.width) * 2).saturating_sub(label.len() + 4);
            let skipped = text.chars().count().saturating_sub(room);
            (format!("{label}: {}_", text.chars().skip(skipped).collect::<String>()), BOLD)
        }
        None => match (&top.notice, top.rows.get(top.selected).filter(|_| top.opened.is_none())) {
            (Some(notice), _) => (plain(notice), BOLD),
            (None, Some(row)) => (format!("{}: {}", row.title, row.detail), DIM),
            (None, None) => (String::new(), DIM),
        },
    };
    frame.render_widget(Paragraph::new(text).style(style).wrap(Wrap { trim: true }), said);
}
