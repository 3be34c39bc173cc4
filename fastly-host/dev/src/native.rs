//! The same decisions from the native engine, for the time until Viceroy is built.

use crate::samples::Sample;

/// The engine's answer to each sample in the service's own JSON, or `None` where no engine is linked in.
pub fn native_decisions(_samples: &[Sample]) -> Option<Vec<String>> {
    None
}
