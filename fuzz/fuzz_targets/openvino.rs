//! Graphs of OpenVINO.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bartizan_fuzz::drive("openvino", "model.xml", data));
