//! Keras metadata beside SavedModels.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("keras-metadata", "keras_metadata.pb", data));
