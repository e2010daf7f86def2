//! Paddle programs as messages.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("paddle", "model.pdmodel", data));
