use proptest::prelude::*;

use super::*;
use crate::testing;

fn worst(name: &str, text: &str) -> Option<Severity> {
    testing::inspect(&HydraInspector, name, text.as_bytes().to_vec()).worst()
}

#[test]
fn a_target_is_judged_by_what_it_names() {
    let cases = [
        (
            "m.nemo!model_config.yaml",
            "encoder:\n  _target_: nemo.collections.asr.modules.ConformerEncoder\n  d: 4\n",
            None,
        ),
        (
            "m.nemo!model_config.yaml",
            "encoder:\n  _target_: os.system\n  _args_: [echo hi]\n",
            Some(Severity::Critical),
        ),
        (
            "m.nemo!model_config.yaml",
            "x:\n  - y: {_target_: subprocess.check_output, args: [id]}\n",
            Some(Severity::Critical),
        ),
        ("m.nemo!model_config.yaml", "x: {_target_: evil.Model}\n", Some(Severity::Medium)),
        ("conf/model.yaml", "_target_: src.models.Net\nlr: 0.1\n", Some(Severity::Info)),
        ("conf/model.yaml", "_target_: builtins.exec\n_args_: [\"print(1)\"]\n", Some(Severity::Critical)),
        (
            "conf/model.json",
            "{\"a\": {\"_target_\": \"builtins.eval\", \"source\": \"1\"}}",
            Some(Severity::Critical),
        ),
        ("conf/opt.yaml", "_target_: hydra.utils.get_method\npath: os.system\n", Some(Severity::Critical)),
        ("conf/opt.yaml", "_target_: hydra.utils.get_method\npath: torch.relu\n", None),
        ("conf/opt.yaml", "_target_: ${model.target}\n", None),
        ("c.yaml", "a: !!python/object/apply:os.system ['id']\n", Some(Severity::Critical)),
        ("c.yaml", "a: !!python/tuple [1, 2]\n", None),
    ];
    for (name, text, expected) in cases {
        assert_eq!(worst(name, text), expected, "{text}");
    }
}

#[test]
fn the_line_and_the_arguments_are_told() {
    let outcome = testing::inspect(
        &HydraInspector,
        "model_config.yaml",
        &b"a: 1\nb:\n  _target_: os.system\n  command: echo hi\n"[..],
    );
    assert_eq!(outcome.claim, Claim::Certain);
    let finding = &outcome.inspection.findings[0];
    assert_eq!(
        finding.message,
        "when the model is restored, this configuration calls `os.system(command=echo hi)`"
    );
    assert_eq!(finding.at.line, Some(3));
    let outcome = testing::inspect(&HydraInspector, "a.json", &b"{\n\"_target_\": \"os.system\"}"[..]);
    assert_eq!(outcome.inspection.findings[0].at.line, Some(2));
}

#[test]
fn other_documents_are_not_claimed_and_broken_ones_are_incomplete() {
    assert_eq!(testing::inspect(&HydraInspector, "a.yaml", &b"a: 1"[..]).claim, Claim::No);
    let outcome = testing::inspect(&HydraInspector, "a.yaml", &b"_target_: [1, 2"[..]);
    assert!(!outcome.inspection.coverage.is_complete());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..60) {
        testing::inspect(&HydraInspector, "a.yaml", bytes);
        let text = "x:\n  _target_: os.system\n  _args_: [echo hi, &a b, *a]\n";
        testing::inspect(&HydraInspector, "a.yaml", text.as_bytes()[..cut.min(text.len())].to_vec());
    }
}
