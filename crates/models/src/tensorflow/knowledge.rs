//! What TensorFlow's operators do beyond arithmetic. Names, inputs and attributes are those of TensorFlow's own operator
//! registry.

use std::{collections::HashSet, sync::LazyLock};

use bartizan_core::{Rule, Severity};

use super::rules;

/// Where an operator takes the path or address from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Nothing,
    Input(usize),
    Attribute(&'static str),
}

/// When the operator is worth a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// Whatever it is given.
    Always(Severity),
    /// When the path or address is given, and is none of the harmless ones.
    Given(Severity, &'static [&'static str]),
    /// When the path is known, and leads out of the model's folder.
    Outside(Severity),
}

/// One operator with an effect.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) rule: &'static Rule,
    /// In words, to be followed by the path: "reads the file".
    pub(super) does: &'static str,
    pub(super) target: Operand,
    /// The input that holds what is written.
    pub(super) content: Option<usize>,
    pub(super) worth: Worth,
}

impl Operator {
    /// What it does to the given paths or addresses, in words.
    pub(super) fn deed(&self, targets: &[String]) -> String {
        let does = self.does;
        match self.target {
            Operand::Nothing => does.to_owned(),
            _ if !targets.is_empty() => format!("{does} {}", targets.join(", ")),
            Operand::Attribute("token") => "calls a Python function".to_owned(),
            _ if does.ends_with("file") => format!("{does} that it is given or computes"),
            _ => format!("{does} what it is given or computes"),
        }
    }
}

const fn operator(
    name: &'static str,
    rule: &'static Rule,
    does: &'static str,
    target: Operand,
    worth: Worth,
) -> Operator {
    Operator { name, rule, does, target, content: None, worth }
}

const fn writes(name: &'static str, target: Operand, content: Option<usize>, worth: Worth) -> Operator {
    Operator { name, rule: &rules::FILE_WRITE, does: "writes the file", target, content, worth }
}

const fn reads(name: &'static str, target: Operand, worth: Worth) -> Operator {
    operator(name, &rules::FILE_READ, "reads the file", target, worth)
}

const fn network(name: &'static str, does: &'static str, target: Operand, worth: Worth) -> Operator {
    operator(name, &rules::NETWORK, does, target, worth)
}

const fn python(name: &'static str) -> Operator {
    operator(
        name,
        &rules::PYTHON,
        "calls the Python function registered as",
        Operand::Attribute("token"),
        HIGH,
    )
}

const fn debugger(name: &'static str) -> Operator {
    network(name, "sends its tensors to", Operand::Attribute("debug_urls"), Worth::Given(Severity::High, &[]))
}

const fn saves(name: &'static str) -> Operator {
    let worth = Worth::Outside(Severity::High);
    operator(name, &rules::CHECKPOINT, "writes the checkpoint", Operand::Input(0), worth)
}

/// Graphs that were fine-tuned from a checkpoint keep the path that it had: it is read as tensors and nothing else.
const fn restores(name: &'static str) -> Operator {
    let worth = Worth::Outside(Severity::Low);
    operator(name, &rules::CHECKPOINT, "reads the checkpoint", Operand::Input(0), worth)
}

const fn table(name: &'static str, target: Operand) -> Operator {
    operator(name, &rules::RESOURCE, "reads the file", target, Worth::Outside(Severity::Medium))
}

/// Input pipelines stay in training graphs with the paths of the machine they ran on.
const fn pipeline(name: &'static str) -> Operator {
    operator(name, &rules::RESOURCE, "reads the file", Operand::Input(0), Worth::Outside(Severity::Low))
}

const HIGH: Worth = Worth::Always(Severity::High);
const MEDIUM: Worth = Worth::Always(Severity::Medium);
const PROTO: Worth = Worth::Given(Severity::Medium, &["local://", "bytes://"]);

static OPERATORS: &[Operator] = &[
    python("PyFunc"),
    python("PyFuncStateless"),
    python("EagerPyFunc"),
    reads("ReadFile", Operand::Input(0), HIGH),
    reads("ImmutableConst", Operand::Attribute("memory_region_name"), HIGH),
    operator("MatchingFiles", &rules::FILE_READ, "lists the files that match", Operand::Input(0), HIGH),
    reads("LoadDataset", Operand::Input(0), MEDIUM),
    reads("DecodeProtoV2", Operand::Attribute("descriptor_source"), PROTO),
    reads("EncodeProto", Operand::Attribute("descriptor_source"), PROTO),
    writes("WriteFile", Operand::Input(0), Some(1), HIGH),
    writes("DumpTensor", Operand::Attribute("log_dir_path"), None, HIGH),
    writes("CalibrationStatisticsSaver", Operand::Attribute("output_file_path"), None, HIGH),
    writes("DatasetToTFRecord", Operand::Input(1), None, HIGH),
    writes("ExperimentalDatasetToTFRecord", Operand::Input(1), None, HIGH),
    writes("DistributedSave", Operand::Input(1), None, HIGH),
    writes("SaveDataset", Operand::Input(1), None, MEDIUM),
    writes("SaveDatasetV2", Operand::Input(1), None, MEDIUM),
    writes("SnapshotDataset", Operand::Input(1), None, Worth::Outside(Severity::Medium)),
    writes("SnapshotDatasetV2", Operand::Input(1), None, Worth::Outside(Severity::Medium)),
    writes("CacheDataset", Operand::Input(1), None, Worth::Outside(Severity::Medium)),
    writes("CacheDatasetV2", Operand::Input(1), None, Worth::Outside(Severity::Medium)),
    writes("CreateSummaryFileWriter", Operand::Input(1), None, Worth::Outside(Severity::Medium)),
    writes("CreateSummaryDbWriter", Operand::Input(1), None, Worth::Outside(Severity::Medium)),
    writes(
        "PrintV2",
        Operand::Attribute("output_stream"),
        Some(0),
        Worth::Given(Severity::Medium, &["stdout", "stderr", "log("]),
    ),
    network("RpcCall", "calls a function of another machine through", Operand::Input(0), HIGH),
    network("RpcClient", "connects to", Operand::Input(0), HIGH),
    network("RpcServer", "opens a server at", Operand::Input(0), HIGH),
    network("RpcServerStart", "opens a server", Operand::Nothing, HIGH),
    network("RpcServerRegister", "offers functions to other machines", Operand::Nothing, HIGH),
    network("BigQueryReader", "reads a table of BigQuery", Operand::Nothing, HIGH),
    network("GenerateBigQueryReaderPartitions", "reads a table of BigQuery", Operand::Nothing, HIGH),
    network("RegisterDataset", "registers a dataset with", Operand::Input(1), MEDIUM),
    network("RegisterDatasetV2", "registers a dataset with", Operand::Input(1), MEDIUM),
    network("DataServiceDataset", "fetches data from", Operand::Input(2), MEDIUM),
    network("DataServiceDatasetV2", "fetches data from", Operand::Input(2), MEDIUM),
    network("DataServiceDatasetV3", "fetches data from", Operand::Input(2), MEDIUM),
    network("DataServiceDatasetV4", "fetches data from", Operand::Input(2), MEDIUM),
    network("FileSystemSetConfiguration", "configures the file system", Operand::Input(0), MEDIUM),
    debugger("DebugIdentity"),
    debugger("DebugIdentityV2"),
    debugger("DebugIdentityV3"),
    debugger("DebugNanCount"),
    debugger("DebugNumericSummary"),
    saves("Save"),
    saves("SaveSlices"),
    saves("SaveV2"),
    restores("Restore"),
    restores("RestoreSlice"),
    restores("RestoreV2"),
    restores("DTensorRestoreV2"),
    restores("LoadAndRemapMatrix"),
    table("InitializeTableFromTextFile", Operand::Input(1)),
    table("InitializeTableFromTextFileV2", Operand::Input(1)),
    table("GenerateVocabRemapping", Operand::Input(0)),
    table("FixedUnigramCandidateSampler", Operand::Attribute("vocab_file")),
    table("Skipgram", Operand::Attribute("filename")),
    table("RecordInput", Operand::Attribute("file_pattern")),
    operator(
        "MatchingFilesDataset",
        &rules::RESOURCE,
        "lists the files that match",
        Operand::Input(0),
        Worth::Outside(Severity::Low),
    ),
    pipeline("TFRecordDataset"),
    pipeline("TFRecordDatasetV2"),
    pipeline("TextLineDataset"),
    pipeline("FixedLengthRecordDataset"),
    pipeline("FixedLengthRecordDatasetV2"),
    pipeline("CSVDataset"),
    pipeline("CSVDatasetV2"),
    pipeline("ExperimentalCSVDataset"),
    pipeline("LMDBDataset"),
    pipeline("ExperimentalLMDBDataset"),
    operator(
        "SqlDataset",
        &rules::RESOURCE,
        "reads the database",
        Operand::Input(1),
        Worth::Outside(Severity::Low),
    ),
];

/// Operators of releases to come that call Python are named like those of today.
static LATER_PYTHON: Operator = python("PyFunc");

/// What is known about an operator.
pub(super) fn operator_named(name: &str) -> Option<&'static Operator> {
    let known = OPERATORS.iter().find(|operator| operator.name == name);
    known.or_else(|| (name.contains("PyFunc") || name.contains("NumpyFunction")).then_some(&LATER_PYTHON))
}

/// What an operator does, where its inputs cannot be seen, and how bad that is. `addressed` says whether it was seen to
/// hold an address.
pub(crate) fn harm(name: &str, addressed: bool) -> Option<(String, Severity)> {
    let operator = operator_named(name)?;
    match operator.worth {
        Worth::Always(severity) => Some((operator.deed(&[]), severity)),
        Worth::Given(severity, _) if addressed => Some((operator.deed(&[]), severity)),
        _ => None,
    }
}

static STANDARD: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("operators.txt").lines().chain(OPERATORS.iter().map(|o| o.name)).collect());

/// Is it one of TensorFlow's own operators?
pub(super) fn is_standard(name: &str) -> bool {
    let internal =
        name.strip_prefix('_').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    STANDARD.contains(name) || internal || name.starts_with("Xla") || name.starts_with("Collective")
}

/// Is it one of a well-known companion library's operators?
pub(super) fn is_companion(name: &str) -> bool {
    let prefixes = [
        "Addons>",
        "DB>",
        "DECODE>",
        "IO>",
        "TFQ>",
        "TFRA>",
        "TFText>",
        "CaseFoldUTF8",
        "FastBertNormalize",
        "FastWordpiece",
        "Horovod",
        "NormalizeUTF8",
        "RegexSplitWithOffsets",
        "Sentencepiece",
        "SimpleML",
        "Struct2Tensor",
        "TRTEngineOp",
        "WhitespaceTokenize",
        "WordpieceTokenize",
    ];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_stands_once_and_exists_in_tensorflow() {
        let names: HashSet<_> = OPERATORS.iter().map(|operator| operator.name).collect();
        assert_eq!(names.len(), OPERATORS.len());
        let listed: HashSet<_> = include_str!("operators.txt").lines().collect();
        // Of older releases.
        let removed = ["BigQueryReader", "GenerateBigQueryReaderPartitions", "CreateSummaryDbWriter"];
        for name in names {
            assert!(listed.contains(name) || removed.contains(&name), "{name}");
        }
    }

    #[test]
    fn the_list_of_operators_is_sorted() {
        assert!(include_str!("operators.txt").lines().is_sorted());
    }
}
