//! What a comparison finds.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

use crate::answer::{Answer, Kind};
use crate::quirk::{Content, Quirk};

/// Two answers that are not the same.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What was asked for.
    pub what: String,
    /// Which fields differ.
    pub fields: Vec<&'static str>,
    /// What Statsig's core says.
    pub core: String,
    /// What our engine says.
    pub ours: String,
    /// Why our engine says so.
    pub trace: String,
}

impl Difference {
    /// What makes two differences the same kind of difference, while one is being made smaller.
    pub fn signature(&self) -> (&str, &[&'static str]) {
        (
            self.what.split(" \"").next().unwrap_or_default(),
            &self.fields,
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} differ\n  core: {}\n  ours: {}",
            self.what,
            self.fields.join(", "),
            self.core,
            self.ours
        )?;
        for line in self.trace.lines() {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Users that both engines were asked about.
    pub users: usize,
    /// Answers that were compared.
    pub answers: usize,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What differs for a reason that is known.
    pub quirks: BTreeMap<Quirk, usize>,
}

impl Findings {
    /// Counts an answer that differs for a reason that is known.
    pub fn count(&mut self, quirk: Quirk) {
        self.answers += 1;
        *self.quirks.entry(quirk).or_default() += 1;
    }

    /// Counts an answer that the core takes back: it differs from ours, and the one given `again` does not.
    pub fn takes_back<T>(
        &mut self,
        theirs: &T,
        again: impl FnOnce() -> Option<T>,
        differs: impl Fn(&T) -> bool,
    ) -> bool {
        let taken_back = differs(theirs) && again().is_some_and(|again| !differs(&again));
        if taken_back {
            self.count(Quirk::CoreUnsteady);
        }
        taken_back
    }

    /// Compares two answers; `trace` says why ours is what it is.
    pub fn compare_answers(
        &mut self,
        form: &str,
        (kind, name): (Kind, &str),
        theirs: &Answer,
        ours: &Answer,
        content: Content,
        trace: impl FnOnce() -> String,
    ) {
        let fields = theirs.differing(ours);
        if fields.is_empty() {
            self.answers += 1;
            return;
        }
        match Quirk::of(kind, &fields, theirs, ours, content) {
            Some(quirk) => self.count(quirk),
            None => {
                self.differ(format!("{form}{kind:?} {name:?}"), fields, theirs, ours);
                self.explain(trace);
            }
        }
    }

    /// Compares two values of a parameter of a parameter store.
    pub fn compare_parameters(
        &mut self,
        form: &str,
        (store, parameter): (&str, &str),
        theirs: &Json,
        ours: &Json,
        content: Content,
    ) {
        if theirs == ours {
            self.answers += 1;
            return;
        }
        if content.repeats {
            self.count(Quirk::RepeatedNames);
            return;
        }
        let what = format!("{form}store {store:?} parameter {parameter:?}");
        self.differ(what, vec!["value"], theirs, ours);
    }

    /// Notes two answers that are not the same.
    pub fn differ(
        &mut self,
        what: String,
        fields: Vec<&'static str>,
        core: &impl fmt::Display,
        ours: &impl fmt::Display,
    ) {
        self.answers += 1;
        self.differences.push(Difference {
            what,
            fields,
            core: core.to_string(),
            ours: ours.to_string(),
            trace: String::new(),
        });
    }

    /// Says of the last difference why our answer is what it is.
    pub fn explain(&mut self, trace: impl FnOnce() -> String) {
        if let Some(last) = self.differences.last_mut() {
            last.trace = trace();
        }
    }
}
