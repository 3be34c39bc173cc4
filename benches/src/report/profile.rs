//! Where the instructions go, printed and not kept.

use super::{short, spaced};
use crate::measured::Measured;

/// Prints where the instructions go.
pub(crate) fn profiles(measured: &Measured, count: usize) {
    for (side, all) in [("Wasm", &measured.guest), ("native", &measured.native)] {
        for (key, executed) in all {
            println!("\n{side} {key}: {}", spaced(executed.total));
            for (name, cost) in executed.functions.iter().take(count) {
                println!("  {:>12} {}", spaced(*cost), short(name));
            }
        }
    }
}
