//! From `fancy-regex`'s parse tree to a plain pattern of the `regex` crate.
//!
//! Escapes, flags, comments and classes that only `fancy-regex` knows are gone from its tree, and it
//! can print the parts that need no backtracking. Word boundaries are printed here, because it
//! gives those to its backtracking machine for speed alone.

use super::Reason;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use core::fmt::Write;
use fancy_regex::{Assertion, Expr, LookAround};

/// The pattern, if it is regular, in the `regex` crate's syntax.
pub(super) fn plain(expr: Expr) -> Result<String, Reason> {
    let mut pattern = String::new();
    write(&without_last_look_ahead(expr), 0, &mut pattern)?;
    Ok(pattern)
}

/// For a search that only asks *whether* there is a match, looking ahead at the very end is
/// matching: `a(?=b)` is `ab`, and so is what `\Z` stands for.
fn without_last_look_ahead(expr: Expr) -> Expr {
    match expr {
        Expr::LookAround(ahead, LookAround::LookAhead) => *ahead,
        Expr::Concat(mut parts) => match parts.pop() {
            Some(Expr::LookAround(ahead, LookAround::LookAhead)) => {
                Expr::Concat(vec![Expr::Group(Box::new(Expr::Concat(parts))), *ahead])
            }
            last => {
                parts.extend(last);
                Expr::Concat(parts)
            }
        },
        other => other,
    }
}

/// Appends `expr`, in parentheses where it binds more loosely than `precedence`: 0 alternatives,
/// 1 a sequence, 2 an item of a sequence, 3 what a repetition repeats. The tree is at most as deep
/// as `fancy-regex` nests, 64 groups.
fn write(expr: &Expr, precedence: u8, out: &mut String) -> Result<(), Reason> {
    match expr {
        Expr::Concat(parts) => parenthesized(precedence > 1, out, |out| {
            parts.iter().try_for_each(|part| write(part, 2, out))
        }),
        Expr::Alt(branches) => parenthesized(precedence > 0, out, |out| {
            for (index, branch) in branches.iter().enumerate() {
                if index > 0 {
                    out.push('|');
                }
                write(branch, 1, out)?;
            }
            Ok(())
        }),
        Expr::Group(inner) => parenthesized(true, out, |out| write(inner, 0, out)),
        Expr::Repeat { child, lo, hi, .. } => {
            if *lo > 1 && *hi == usize::MAX && has_boundary(child) {
                // The core's machine may stop such a repetition below its minimum.
                return Err(Reason::RepeatedBoundary);
            }
            parenthesized(precedence > 2, out, |out| {
                write(child, 3, out)?;
                let written = if *hi == usize::MAX {
                    write!(out, "{{{lo},}}")
                } else {
                    write!(out, "{{{lo},{hi}}}")
                };
                written.map_err(|_| Reason::TooLarge)
            })
        }
        Expr::Assertion(assertion) => {
            match boundary(*assertion) {
                Some(boundary) => out.push_str(boundary),
                None => expr.to_str(out, precedence),
            }
            Ok(())
        }
        Expr::Empty | Expr::Any { .. } | Expr::Literal { .. } | Expr::Delegate { .. } => {
            expr.to_str(out, precedence);
            Ok(())
        }
        Expr::LookAround(..) => Err(Reason::LookAround),
        Expr::AtomicGroup(_) => Err(Reason::Atomic),
        Expr::KeepOut | Expr::ContinueFromPreviousMatchEnd => Err(Reason::Position),
        Expr::Conditional { .. } | Expr::BackrefExistsCondition(_) => Err(Reason::Conditional),
        Expr::Backref { .. }
        | Expr::BackrefWithRelativeRecursionLevel { .. }
        | Expr::SubroutineCall(_)
        | Expr::UnresolvedNamedSubroutineCall { .. } => Err(Reason::BackReference),
    }
}

fn parenthesized(
    wanted: bool,
    out: &mut String,
    inner: impl FnOnce(&mut String) -> Result<(), Reason>,
) -> Result<(), Reason> {
    if wanted {
        out.push_str("(?:");
    }
    inner(out)?;
    if wanted {
        out.push(')');
    }
    Ok(())
}

/// A word boundary in the `regex` crate's syntax, safe to repeat.
fn boundary(assertion: Assertion) -> Option<&'static str> {
    Some(match assertion {
        Assertion::WordBoundary => r"(?:\b)",
        Assertion::NotWordBoundary => r"(?:\B)",
        Assertion::LeftWordBoundary => r"(?:\b{start})",
        Assertion::RightWordBoundary => r"(?:\b{end})",
        Assertion::LeftWordHalfBoundary => r"(?:\b{start-half})",
        Assertion::RightWordHalfBoundary => r"(?:\b{end-half})",
        _ => return None,
    })
}

fn has_boundary(expr: &Expr) -> bool {
    match expr {
        Expr::Assertion(assertion) => boundary(*assertion).is_some(),
        Expr::Concat(parts) | Expr::Alt(parts) => parts.iter().any(has_boundary),
        Expr::Group(inner) | Expr::Repeat { child: inner, .. } => has_boundary(inner),
        _ => false,
    }
}

/// The length that `fancy-regex` will work out for `expr`; `None` when it overflows.
pub(super) fn shortest_match(expr: &Expr) -> Option<usize> {
    let sum = |parts: &[Expr]| {
        let add = |sum: usize, part| sum.checked_add(shortest_match(part)?);
        parts.iter().try_fold(0, add)
    };
    match expr {
        Expr::Any { .. } | Expr::Literal { .. } | Expr::Delegate { .. } => Some(1),
        // The sum instead of the least: more than enough, and it visits every branch.
        Expr::Concat(parts) | Expr::Alt(parts) => sum(parts),
        Expr::Group(inner) | Expr::AtomicGroup(inner) | Expr::LookAround(inner, _) => {
            shortest_match(inner)
        }
        Expr::Repeat { child, lo, .. } => shortest_match(child)?.checked_mul(*lo),
        Expr::Conditional {
            condition,
            true_branch,
            false_branch,
        } => shortest_match(condition)?
            .checked_add(shortest_match(true_branch)?)?
            .checked_add(shortest_match(false_branch)?),
        _ => Some(0),
    }
}
