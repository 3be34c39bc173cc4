//! Compiling config specs into a rule table (`evaluation.md` §1).
//!
//! Reads both payload formats: v2 (`condition_map`), as Statsig's server SDKs download it, and v1 (arrays with inline
//! conditions), as Statsig's console writes it into Fastly's stores. Two passes over the text: the first finds the
//! specs' names, so that the second can write every reference as a row number.
//!
//! Cost: linear in the payload; memory for the table twice.

mod cmab;
mod condition;
mod error;
mod heap;
mod mapping;
mod meta;
mod outline;
mod parameter_store;
mod read;
mod spec;
mod target;
mod writer;

use alloc::vec::Vec;

pub use error::{CompileError, Warning, WarningKind};

/// A compiled payload.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Compiled {
    /// The rule table: give it to [`Table::open`](crate::Table::open).
    pub table: Vec<u8>,
    /// What the table leaves out or cannot answer.
    pub warnings: Vec<Warning>,
}

/// Compiles a payload in either format.
///
/// A spec that Statsig's SDKs would drop is left out with a warning; a payload that they would reject is an error.
///
/// # Errors
/// [`CompileError`], with the byte offset and the path of what is wrong.
pub fn compile(json: &[u8]) -> Result<Compiled, CompileError> {
    let text =
        core::str::from_utf8(json).map_err(|error| CompileError::NotUtf8(error.valid_up_to()))?;
    let outline = outline::Outline::read(text)?;
    let mut writer = writer::Writer::new(outline.v1);
    outline.write(&mut writer)?;
    let (table, warnings) = writer.finish().ok_or(CompileError::TooLarge)?;
    Ok(Compiled { table, warnings })
}
