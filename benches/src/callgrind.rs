//! Runs a native case under callgrind: instructions inside `statsig_benches_measured`, by function.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::guest::Executed;

/// The native program, and a folder for callgrind's files.
pub(crate) struct Native {
    program: PathBuf,
    scratch: PathBuf,
    /// What measuring nothing costs: the call itself.
    empty: u64,
}

/// What a case takes from the heap.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heap {
    /// The most at one time, in bytes.
    pub(crate) peak: u64,
    /// Blocks asked for.
    pub(crate) blocks: u64,
}

impl Native {
    pub(crate) fn new(program: &Path, scratch: &Path) -> Result<Self, String> {
        let mut native = Self {
            program: program.to_owned(),
            scratch: scratch.to_owned(),
            empty: 0,
        };
        native.empty = native.count(&["nothing"])?.total;
        Ok(native)
    }

    /// Instructions of a case.
    pub(crate) fn count(&self, arguments: &[&str]) -> Result<Executed, String> {
        let file = self.scratch.join(format!(
            "callgrind.{}",
            arguments
                .join("-")
                .replace(|c: char| !c.is_ascii_alphanumeric(), "-")
        ));
        let output = Command::new("valgrind")
            .args([
                "--tool=callgrind",
                "--toggle-collect=statsig_benches_measured",
                "--compress-strings=no",
            ])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(&self.program)
            .args(arguments)
            .output()
            .map_err(|error| format!("valgrind: {error}"))?;
        if !output.status.success() {
            return Err(format!(
                "{arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let mut executed = read(&text).ok_or_else(|| format!("{}: no totals", file.display()))?;
        executed.total = executed.total.saturating_sub(self.empty);
        Ok(executed)
    }

    /// What a case takes from the heap, without callgrind.
    pub(crate) fn heap(&self, arguments: &[&str]) -> Result<Heap, String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .output()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        match *words {
            ["peak", peak, "blocks", blocks] => {
                let number = |word: &str| word.parse().map_err(|_| text.clone());
                Ok(Heap {
                    peak: number(peak)?,
                    blocks: number(blocks)?,
                })
            }
            _ => Err(format!(
                "{arguments:?}: {text}{}",
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }
}

/// Totals and self costs of a callgrind file with uncompressed names.
fn read(text: &str) -> Option<Executed> {
    let mut total = None;
    let mut functions: std::collections::HashMap<&str, u64> = std::collections::HashMap::new();
    let mut function = "";
    let mut is_call = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = name;
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if let Some(number) = line.strip_prefix("totals: ") {
            total = number.trim().parse().ok();
        } else if line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '*')) {
            // The line after `calls=` is the callee's cost, which stands at the callee.
            if !std::mem::take(&mut is_call) {
                let cost = line
                    .split_whitespace()
                    .nth(1)
                    .and_then(|word| word.parse().ok());
                *functions.entry(function).or_default() += cost.unwrap_or(0);
            }
        }
    }
    let mut functions: Vec<(String, u64)> = functions
        .into_iter()
        .filter(|(_, cost)| *cost > 0)
        .map(|(name, cost)| (name.to_owned(), cost))
        .collect();
    functions.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
    Some(Executed {
        total: total?,
        functions,
    })
}

/// Counts each case, named by its key, on all processors; the last ones first, which take longest.
pub(crate) fn count_all(
    native: &Native,
    jobs: Vec<(String, Vec<String>)>,
) -> Result<Vec<(String, Executed, Heap)>, String> {
    let queue = Mutex::new(jobs);
    let done = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((key, words)) = take(&queue) {
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    let counted = native
                        .count(&words)
                        .and_then(|executed| Ok((key, executed, native.heap(&words)?)));
                    lock(&done).push(counted);
                }
            });
        }
    });
    done.into_inner().unwrap_or_default().into_iter().collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn take<T>(queue: &Mutex<Vec<T>>) -> Option<T> {
    lock(queue).pop()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_callgrind_file_is_read() {
        let text = "events: Ir\nfn=outer\n5 10\ncfn=inner\ncalls=2 9\n5 400\n+1 3\n\nfn=inner\n9 400\n\ntotals: 413\n";
        let executed = read(text).expect("totals");
        assert_eq!(executed.total, 413);
        assert_eq!(
            executed.functions,
            [("inner".to_owned(), 400), ("outer".to_owned(), 13)]
        );
    }
}
