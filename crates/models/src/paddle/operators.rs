//! What operators do besides arithmetic.

use bartizan_core::{Rule, Severity};

use super::rules;
use crate::location;

/// Operators that read or write the files their attributes name.
const FILES: &[(&str, &str)] = &[
    ("load", "reads"),
    ("load_combine", "reads"),
    ("read_file", "reads"),
    ("open_files", "reads"),
    ("create_recordio_file_reader", "reads"),
    ("fetch_from_file", "reads"),
    ("lookup_sparse_table_load", "reads"),
    ("save", "writes"),
    ("save_combine", "writes"),
    ("lookup_sparse_table_save", "writes"),
    ("checkpoint_notify", "writes"),
];

/// Operators of distributed training.
const NETWORK: &[&str] = &[
    "send",
    "recv",
    "send_v2",
    "recv_v2",
    "p_send",
    "p_recv",
    "send_and_recv",
    "send_barrier",
    "fetch_barrier",
    "listen_and_serv",
    "heter_listen_and_serv",
    "prefetch",
    "gen_nccl_id",
    "c_gen_nccl_id",
    "c_gen_bkcl_id",
    "c_gen_xccl_id",
    "distributed_lookup_table",
    "distributed_push_sparse",
    "recv_save",
    "recv_v1",
    "ref_by_trainer_id",
];

/// Operators that hold a part of the graph compiled for another runtime.
const ENGINES: &[&str] = &[
    "tensorrt_engine",
    "tensorrt_engine_instance",
    "lite_engine",
    "dlnne_engine",
    "anakin_engine",
    "openvino_engine",
];

/// What is to be said of an operator.
pub(super) struct Verdict {
    pub(super) rule: &'static Rule,
    pub(super) severity: Severity,
    pub(super) words: String,
}

/// Judges an operator by its name and the texts among its attributes; `custom` when the file says that it is one.
pub(super) fn judge(operator: &str, texts: &[(String, String)], custom: bool) -> Option<Verdict> {
    // Names of versions in place have a trailing underscore.
    let name = operator.trim_end_matches('_');
    let verdict = |rule: &'static Rule, severity, words| Some(Verdict { rule, severity, words });
    if matches!(name, "py_func" | "py_layer" | "pylayer" | "pyfunc" | "py_reader_func") {
        // `pylayer` is a block of the graph itself, made from Python; the others call Python.
        let severity = if name == "pylayer" { Severity::Medium } else { Severity::High };
        return verdict(&rules::PYTHON, severity, "calls Python code".to_owned());
    }
    if let Some((_, does)) = FILES.iter().find(|(file, _)| *file == name) {
        let paths = texts.iter().filter(|(key, _)| is_path(key));
        let escape = paths
            .filter_map(|(_, path)| Some((path, location::escape(path)?)))
            .map(|(path, escape)| (path.clone(), escape.words()))
            .next();
        return match escape {
            Some((path, words)) => {
                let words = format!("{does} `{}`, which {words}", bartizan_core::redacted(&path));
                verdict(&rules::FILE, Severity::High, words)
            }
            None => verdict(&rules::FILE, rules::FILE.severity, format!("{does} files")),
        };
    }
    if NETWORK.contains(&name) {
        return verdict(&rules::NETWORK, rules::NETWORK.severity, "opens connections".to_owned());
    }
    if ENGINES.contains(&name) {
        let words = "holds a part that was compiled for another runtime".to_owned();
        return verdict(&rules::CUSTOM, rules::CUSTOM.severity, words);
    }
    if custom || name.starts_with("custom_") {
        return verdict(&rules::CUSTOM, rules::CUSTOM.severity, "needs native code of its own".to_owned());
    }
    None
}

fn is_path(key: &str) -> bool {
    key.contains("path") || key.contains("file") || key == "dirname"
}
