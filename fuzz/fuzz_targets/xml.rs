//! XML of no model format.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("xml", "document.xml", data));
