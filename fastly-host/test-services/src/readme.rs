//! The README's example, word for word: `build.rs` takes it from there.

include!(concat!(env!("OUT_DIR"), "/readme.rs"));
