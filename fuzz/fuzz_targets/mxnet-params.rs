//! Arrays of MXNet.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("mxnet-params", "model-0000.params", data));
