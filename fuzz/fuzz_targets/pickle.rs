//! Pickles of every protocol, joblib and legacy PyTorch framing.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("pickle", "model.pkl", data));
