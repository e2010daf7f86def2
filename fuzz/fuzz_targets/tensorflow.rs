//! TensorFlow graphs, binary and text.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("tensorflow-saved-model", "saved_model.pb", data));
