//! ExecuTorch programs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("executorch", "model.pte", data));
