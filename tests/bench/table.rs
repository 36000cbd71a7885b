//! The table that `make bench` prints: each row as soon as it is known, what is being done meanwhile on
//! standard error.

use anyhow::Result;
use std::path::Path;

/// Rows that are measured together.
pub(crate) struct Section {
    /// What `make bench ONLY=…` calls it; what stands before the dot names a group.
    pub(crate) name: &'static str,
    /// Its rows: what is measured, and what design §7 asks for.
    pub(crate) rows: &'static [Goal],
    /// Measures them, given the folder with the programs.
    pub(crate) measure: fn(&Path, &mut Rows) -> Result<()>,
}

/// What is measured, and what it should reach.
pub(crate) type Goal = (&'static str, &'static str);

impl Section {
    /// Whether somebody who asked for `words` wants this section; no words mean everything.
    pub(crate) fn is_wanted(&self, words: &[String]) -> bool {
        let group = self.name.split('.').next().unwrap_or_default();
        words.is_empty() || words.iter().any(|word| word == self.name || word == group)
    }

    /// Measures and prints; a row that could not be measured says why.
    pub(crate) fn run(&self, bin: &Path) {
        progress(format_args!("{} …", self.name));
        let mut rows = Rows { left: self.rows.iter().collect() };
        let outcome = (self.measure)(bin, &mut rows);
        for (what, reach) in rows.left {
            let why =
                outcome.as_ref().err().map_or_else(|| "no reason given".to_owned(), |e| format!("{e:#}"));
            println!("| {what} | not measured: {why} | {reach} | - |");
        }
    }
}

/// The rows of a section that are still to be printed, in order.
pub(crate) struct Rows {
    left: std::collections::VecDeque<&'static Goal>,
}

impl Rows {
    /// Prints the next row: its figure with its parts, and whether that is what was asked for.
    pub(crate) fn next(&mut self, measured: &str, reached: bool) {
        if let Some((what, reach)) = self.left.pop_front() {
            println!("| {what} | {measured} | {reach} | {} |", if reached { "reached" } else { "short" });
        }
    }
}

/// Prints the head of the table.
pub(crate) fn head() {
    println!("| what | measured | reach | |\n|---|---|---|---|");
}

/// Says what is being done.
pub(crate) fn progress(doing: impl std::fmt::Display) {
    eprintln!("bench: {doing}");
}

/// Sorted figures, asked for by percentile.
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(crate) fn at(&self, percent: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * percent / 100.0).round() as usize).copied().unwrap_or(f64::NAN)
    }
}
