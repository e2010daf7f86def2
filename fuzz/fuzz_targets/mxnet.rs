//! Symbols of MXNet.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("mxnet", "model-symbol.json", data));
