#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statsig_fuzz_targets::cookie::run(bytes));
