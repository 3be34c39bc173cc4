//! The page as sections: a run replaces those that it measured and leaves the others, each with where its figures are from.

use super::provenance::{From, valgrind};

const TARGETS: &str = "Against the targets";

/// The order of the sections. One with another heading is not written again.
const ORDER: [&str; 7] = [
    TARGETS,
    "T: the table",
    "E: evaluation",
    "Whole requests: instructions of the module",
    "Whole requests: processor time under Viceroy",
    "P: Statsig's JavaScript under Viceroy",
    "W: size of the module",
];

/// How a section's first line begins.
const MEASURED: &str = "Measured ";

/// A row of the table of targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) target: String,
    pub(super) measured: String,
}

/// A page.
pub(super) struct Page {
    /// Heading and text, whose first line says where the figures are from.
    sections: Vec<(String, String)>,
}

impl Page {
    /// Takes a page apart.
    pub(super) fn read(text: &str) -> Self {
        let mut sections: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                sections.push((heading.to_owned(), String::new()));
            } else if let Some((_, text)) = sections.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        for (_, text) in &mut sections {
            *text = text.trim().to_owned();
        }
        Self { sections }
    }

    /// Puts a section, which begins with its heading, in place of the one before it.
    pub(super) fn put(&mut self, section: &str, from: &From) {
        let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
        let heading = heading.trim_start_matches("## ");
        let text = format!("{}\n\n{}", from.sentence, text.trim());
        self.replace(heading, text);
    }

    /// Puts rows in place of those with the same id, and says in each from which commit it is.
    pub(super) fn put_targets(&mut self, targets: &[Target], from: &From) {
        let mut lines: Vec<(String, String)> = Vec::new();
        let old = self.sections.iter().find(|(name, _)| name == TARGETS);
        for line in old.map_or("", |(_, text)| text).lines() {
            let cells: Vec<&str> = line.split(" | ").collect();
            let id = cells.first().and_then(|cell| cell.strip_prefix("| "));
            if let Some(id) = id.filter(|id| *id != "id" && *id != "---") {
                // A row of a page that did not say it yet.
                let line = match cells.len() {
                    3 => format!("{line} |"),
                    _ => line.to_owned(),
                };
                lines.push((id.to_owned(), line));
            }
        }
        for target in targets {
            let Target {
                id,
                target,
                measured,
            } = target;
            let line = format!("| {id} | {target} | {measured} | {} |", from.commit);
            match lines.iter_mut().find(|(known, _)| known == id) {
                Some((_, old)) => *old = line,
                None => lines.push((id.clone(), line)),
            }
        }
        lines.sort_by_key(|(id, _)| place(id));
        let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        let text = format!(
            "| id | target | measured | commit |\n| --- | --- | --- | --- |\n{}",
            lines.join("\n")
        );
        self.replace(TARGETS, text);
    }

    fn replace(&mut self, heading: &str, text: String) {
        match self.sections.iter_mut().find(|(name, _)| name == heading) {
            Some((_, old)) => *old = text,
            None => self.sections.push((heading.to_owned(), text)),
        }
    }

    /// The whole page.
    pub(super) fn text(&self) -> String {
        let mut page = format!(
            "# Results\n\n\
             Written by `cargo dev bench` and, section P, by `cargo dev bench --peers`; nothing here is edited by hand. Of\n\
             instructions, bytes and times less is better; ratios say of what. Each section says from which commit it is (`+`: with changes).\n\n\
             - Native instructions: {}, release profile, SHA-256 without the processor's own instructions.\n\
             - Wasm instructions: executed instructions of the module (profile `edge`, wasm32-wasip1), counted by the module\n\
             \x20 itself after a rewriting that adds a counter to every straight run of instructions (`benches/src/count.rs`). What counts\n\
             \x20 is what counts as Wasmtime's fuel; `memory.copy` counts one, whatever it moves.\n\
             - Both are the same in every run on the same compiler, but for `statsig-rust`'s, whose hash tables are seeded at\n\
             \x20 random: those differ a little. Each case has run once before it is counted.\n",
            valgrind()
        );
        for heading in ORDER {
            let found = self.sections.iter().find(|(name, _)| name == heading);
            let Some((_, text)) = found else { continue };
            page.push_str(&format!("\n## {heading}\n\n"));
            if heading != TARGETS && !text.starts_with(MEASURED) {
                page.push_str("Measured before sections said from which commit they are.\n\n");
            }
            page.push_str(text);
            page.push('\n');
        }
        page
    }
}

/// In the order of the sections, then of the ids.
fn place(id: &str) -> (Option<usize>, String) {
    let letter = id.chars().next().and_then(|letter| "TERPW".find(letter));
    let word = id.split(' ').next().unwrap_or(id);
    (letter, word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(commit: &str) -> From {
        From {
            commit: commit.to_owned(),
            sentence: format!("Measured from {commit}."),
        }
    }

    fn target(id: &str, measured: &str) -> Target {
        Target {
            id: id.to_owned(),
            target: "9".to_owned(),
            measured: measured.to_owned(),
        }
    }

    #[test]
    fn what_was_not_measured_stays_as_it_was() {
        let old = "# Results\n\nold words\n\n## Against the targets\n\n| id | target | measured |\n| --- | --- | --- |\n\
                   | T1 open | 9 | 5 |\n| W1 size | 9 | 6 |\n\n## T: the table\n\nold table\n\n## No more\n\nx\n\n\
                   ## W: size of the module\n\nMeasured from aaa.\n\nold sizes\n";
        let mut page = Page::read(old);
        page.put("## T: the table\n\nnew table\n", &from("bbb"));
        page.put("## E: evaluation\n\nnew\n", &from("bbb"));
        page.put_targets(
            &[target("E1 gate", "8"), target("T1 open", "7")],
            &from("bbb"),
        );
        let text = page.text();
        let (_, rest) = text
            .split_once("## Against the targets\n")
            .expect("a section");
        assert_eq!(
            rest,
            "\n| id | target | measured | commit |\n| --- | --- | --- | --- |\n| T1 open | 9 | 7 | bbb |\n\
             | E1 gate | 9 | 8 | bbb |\n| W1 size | 9 | 6 | |\n\n## T: the table\n\nMeasured from bbb.\n\nnew table\n\n\
             ## E: evaluation\n\nMeasured from bbb.\n\nnew\n\n## W: size of the module\n\nMeasured from aaa.\n\nold sizes\n"
        );
        assert_eq!(Page::read(&text).text(), text);
        let mut again = Page::read(&text);
        again.put_targets(&[], &from("ccc"));
        assert_eq!(again.text(), text);
    }

    #[test]
    fn a_section_without_a_commit_says_so() {
        let text = Page::read("## E: evaluation\n\nold\n").text();
        assert!(
            text.contains("\nMeasured before sections said from which commit they are.\n\nold\n")
        );
    }
}
