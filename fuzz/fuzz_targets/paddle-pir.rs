//! Paddle programs as JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("paddle-pir", "model.json", data));
