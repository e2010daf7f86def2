//! TensorRT engines.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("tensorrt", "model.engine", data));
