//! TensorFlow Lite models.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("tflite", "model.tflite", data));
