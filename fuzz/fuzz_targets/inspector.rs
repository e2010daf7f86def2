//! One inspector, named by the environment: `cargo xtask fuzz KIND` sets it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive(data));
