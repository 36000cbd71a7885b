//! The table that `make bench` prints.

/// One row: what was measured, what it came to, what design §7 asks for.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: &'static str,
    /// The measured figure, with its parts.
    pub(crate) measured: String,
    /// What it should reach.
    pub(crate) reach: &'static str,
    /// `Some(false)` where it falls short, `None` where it could not be measured.
    pub(crate) reached: Option<bool>,
}

impl Row {
    pub(crate) fn new(what: &'static str, measured: String, reach: &'static str, reached: bool) -> Self {
        Self { what, measured, reach, reached: Some(reached) }
    }

    pub(crate) fn not_measured(what: &'static str, why: impl ToString, reach: &'static str) -> Self {
        Self { what, measured: format!("not measured: {}", why.to_string()), reach, reached: None }
    }

    /// Prints the row as a line of a Markdown table.
    pub(crate) fn print(&self) {
        let mark = match self.reached {
            Some(true) => "reached",
            Some(false) => "short",
            None => "-",
        };
        println!("| {} | {} | {} | {mark} |", self.what, self.measured, self.reach);
    }
}

/// Prints the head of the table.
pub(crate) fn head() {
    println!("| what | measured | reach | |\n|---|---|---|---|");
}

/// Sorted durations in microseconds, asked for by percentile.
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn new(mut micros: Vec<f64>) -> Self {
        micros.sort_by(f64::total_cmp);
        Self(micros)
    }

    pub(crate) fn at(&self, percent: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * percent / 100.0).round() as usize).copied().unwrap_or(f64::NAN)
    }
}
