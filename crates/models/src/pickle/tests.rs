//! What the pickle inspector must see, by class of trick. Payloads are `echo`; nothing is ever run.

use bartizan_core::{Claim, Severity};
use proptest::prelude::*;

use super::Pickle;
use crate::testing::{Outcome, describe, inspect};

fn scan(bytes: impl Into<bytes::Bytes>) -> Outcome {
    inspect(&Pickle, "model.pkl", bytes)
}

fn short(text: &str) -> Vec<u8> {
    [&[0x8c, text.len() as u8], text.as_bytes()].concat()
}

/// A protocol 4 pickle with this body.
fn proto4(body: &[u8]) -> Vec<u8> {
    [b"\x80\x04", body, b"."].concat()
}

fn global(module: &str, name: &str) -> Vec<u8> {
    [short(module), short(name), vec![0x93]].concat()
}

/// `module.name("echo hi")` by REDUCE.
fn call(module: &str, name: &str) -> Vec<u8> {
    [global(module, name), short("echo hi"), b"\x85R".to_vec()].concat()
}

fn severity_of(bytes: Vec<u8>) -> Option<Severity> {
    scan(bytes).worst()
}

#[test]
fn a_shell_command_is_critical_and_told_in_plain_words() {
    let outcome = scan(&b"cos\nsystem\n(S'echo hi'\ntR."[..]);
    let finding = &outcome.inspection.findings[0];
    assert_eq!(finding.rule.id, "pickle/code-execution");
    assert_eq!(finding.severity, Severity::Critical);
    insta::assert_snapshot!(finding.message, @r#"on load, this file runs `os.system("echo hi")`, which runs a command on the machine"#);
    assert_eq!(outcome.claim, Claim::Shape);
}

#[test]
fn every_way_to_call_is_seen() {
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("REDUCE", proto4(&call("posix", "system"))),
        ("GLOBAL", b"\x80\x02cnt\nsystem\nX\x04\x00\x00\x00echo\x85R.".to_vec()),
        ("INST", b"(S'echo'\nios\nsystem\n.".to_vec()),
        ("OBJ", b"(cos\nsystem\nS'echo'\no.".to_vec()),
        ("NEWOBJ", proto4(&[global("subprocess", "Popen"), short("echo"), b"\x85\x81".to_vec()].concat())),
        (
            "NEWOBJ_EX",
            proto4(&[global("subprocess", "Popen"), short("echo"), b"\x85}\x92".to_vec()].concat()),
        ),
        (
            "escaped STRING",
            br"S'o\x73'
S'sys\164em'
"
            .iter()
            .copied()
            .chain(*b"\x93(S'echo'\ntR.")
            .collect(),
        ),
        ("escaped UNICODE", b"V\\u006fs\nVsystem\n\x93(Vecho\ntR.".to_vec()),
        ("Python 2 name", b"c__builtin__\neval\n(S'1'\ntR.".to_vec()),
        ("Python 2 module", b"ccommands\ngetoutput\n(S'echo'\ntR.".to_vec()),
        ("memo", b"\x80\x02cos\nsystem\nq\x000X\x04\x00\x00\x00echo\x85q\x010h\x00h\x01R.".to_vec()),
        ("decoy under POP", proto4(&[&call("os", "system")[..], b"0N"].concat())),
        ("decoy under POP_MARK", proto4(&[b"(", &call("os", "system")[..], b"1N"].concat())),
        ("no STOP", [b"\x80\x04".to_vec(), call("os", "system")].concat()),
        ("bad opcode after", [b"\x80\x04".to_vec(), call("os", "system"), b"\xff\xff".to_vec()].concat()),
        ("second stream", [proto4(b"N"), proto4(&call("os", "system"))].concat()),
        ("junk between", [proto4(b"N"), b"\xff\xfe junk".to_vec(), proto4(&call("os", "system"))].concat()),
        (
            "lying frame",
            [&b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f"[..], &call("os", "system"), b"."].concat(),
        ),
        ("dotted name", proto4(&call("logging", "os.system"))),
        ("dunder name", proto4(&call("numpy", "ndarray.__class__.__base__.__subclasses__"))),
        (
            "attribute write",
            proto4(&[global("numpy", "size"), b"}".to_vec(), short("x"), b"Nsb".to_vec()].concat()),
        ),
        ("item write", proto4(&[global("sys", "modules"), short("re"), b"Ns".to_vec()].concat())),
        ("append", proto4(&[global("torch", "modules"), short("x"), b"a".to_vec()].concat())),
        (
            "getattr",
            proto4(
                &[
                    global("builtins", "getattr"),
                    global("torch", "serialization"),
                    short("os"),
                    b"\x86R".to_vec(),
                    short("echo"),
                    b"\x85R".to_vec(),
                ]
                .concat(),
            ),
        ),
        (
            "computed name",
            proto4(
                &[
                    short("os"),
                    global("builtins", "str"),
                    short("system"),
                    b"\x85R\x93".to_vec(),
                    short("echo"),
                    b"\x85R".to_vec(),
                ]
                .concat(),
            ),
        ),
        ("extension", proto4(b"\x82\x07)R")),
        (
            "registered extension",
            proto4(
                &[
                    global("copyreg", "add_extension"),
                    short("os"),
                    short("system"),
                    b"K\x07\x87R0\x82\x07".to_vec(),
                    short("echo"),
                    b"\x85R".to_vec(),
                ]
                .concat(),
            ),
        ),
        ("unlisted stdlib", proto4(&call("smtpd", "anything"))),
        ("unlisted third party", proto4(&call("somewhere", "anything"))),
        ("unlisted framework function", proto4(&call("torch.utils.whatever", "run_it"))),
    ];
    for (case, bytes) in cases {
        let worst = severity_of(bytes);
        assert!(worst >= Some(Severity::High), "{case}: {worst:?}");
    }
}

#[test]
fn the_dangerous_end_of_a_registered_extension_is_named() {
    let body = [
        global("copyreg", "add_extension"),
        short("os"),
        short("system"),
        b"K\x07\x87R0\x82\x07".to_vec(),
        short("echo"),
        b"\x85R".to_vec(),
    ]
    .concat();
    assert!(
        scan(proto4(&body)).inspection.findings.iter().any(|f| f.message.contains("os.system(\"echo\")"))
    );
}

#[test]
fn names_in_data_are_not_evidence() {
    let body =
        [b"(".to_vec(), short("os.system"), short("eval"), short("__import__('os')"), b"t".to_vec()].concat();
    assert_eq!(scan(proto4(&body)).inspection.findings, []);
}

#[test]
fn ordinary_objects_have_no_findings() {
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("dict", proto4(b"}(K\x01NK\x02\x88u")),
        ("OrderedDict", proto4(&[global("collections", "OrderedDict"), b")R".to_vec()].concat())),
        (
            "estimator",
            proto4(
                &[
                    global("sklearn.linear_model._base", "LinearRegression"),
                    b")\x81}".to_vec(),
                    short("_sklearn_version"),
                    short("1.7.2"),
                    b"sb".to_vec(),
                ]
                .concat(),
            ),
        ),
        ("function reference", proto4(&global("numpy", "log1p"))),
        ("protocol 0 list", b"(lp0\nI1\naI2\na.".to_vec()),
        ("exception", proto4(&[global("builtins", "ValueError"), short("x"), b"\x85R".to_vec()].concat())),
    ];
    for (case, bytes) in cases {
        let outcome = scan(bytes);
        assert_eq!(outcome.rules(), Vec::<&str>::new(), "{case}");
        assert!(outcome.inspection.coverage.is_complete(), "{case}");
    }
}

/// A joblib-like stream: wrapper state, padding, raw floats, then more opcodes.
fn joblib(after: &[u8]) -> Vec<u8> {
    let state = [
        b"}(".to_vec(),
        short("subclass"),
        global("numpy", "ndarray"),
        short("shape"),
        b"K\x03\x85".to_vec(),
        short("order"),
        short("C"),
        short("dtype"),
        global("numpy", "dtype"),
        short("f8"),
        b"\x89\x88\x87R".to_vec(),
        b"(K\x03".to_vec(),
        short("<"),
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb".to_vec(),
        short("allow_mmap"),
        b"\x88".to_vec(),
        short("numpy_array_alignment_bytes"),
        b"K\x10ub".to_vec(),
    ]
    .concat();
    let raw = [&[5u8][..], &[0xff; 5], &[b'.'; 24]].concat();
    let wrapper =
        [global("joblib.numpy_pickle", "NumpyArrayWrapper"), b")\x81".to_vec(), state, raw].concat();
    [b"\x80\x04(".to_vec(), wrapper, after.to_vec(), b"t.".to_vec()].concat()
}

#[test]
fn opcodes_after_a_joblib_array_are_read() {
    let benign = scan(joblib(b"N"));
    assert_eq!(benign.rules(), Vec::<&str>::new());
    assert!(benign.inspection.coverage.is_complete());
    assert_eq!(benign.inspection.kind, Some(super::JOBLIB));
    assert_eq!(scan(joblib(&call("os", "system"))).rules(), ["pickle/code-execution"]);
}

#[test]
fn a_truncated_pickle_is_incomplete_and_not_clean() {
    let whole = proto4(b"}(K\x01NK\x02\x88u");
    for length in 3..whole.len() {
        assert!(!scan(whole[..length].to_vec()).inspection.coverage.is_complete(), "{length}");
    }
}

#[test]
fn pickles_inside_literals_become_members() {
    let inner = proto4(&call("os", "system"));
    let raw = [b"C".to_vec(), vec![inner.len() as u8], inner.clone()].concat();
    assert_eq!(scan(proto4(&raw)).children.len(), 1);
    use base64::Engine as _;
    let padded = [
        b"\x80\x04(".to_vec(),
        [short("padding to be long enough"), call("os", "system")].concat(),
        b"t.".to_vec(),
    ]
    .concat();
    let text = base64::engine::general_purpose::STANDARD.encode(&padded);
    let outcome = scan(proto4(&short(&text)));
    assert_eq!(outcome.children.len(), 1);
    let hex: String = padded.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(scan(proto4(&short(&hex))).children.len(), 1);
}

#[test]
fn attacks_on_memory_are_medium_and_cost_us_nothing() {
    let mut laughs = b"\x80\x02]q\x00(K\x01K\x01K\x01e".to_vec();
    for level in 0..12u8 {
        laughs.extend([b']', b'q', level + 1, b'(']);
        laughs.extend([b'h', level].repeat(10));
        laughs.push(b'e');
    }
    laughs.push(b'.');
    for (case, bytes) in [
        ("billion laughs", laughs),
        ("memo bomb", b"\x80\x02Nr\xff\xff\xff\x7f.".to_vec()),
        ("lying length", b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x0f.".to_vec()),
        (
            "allocation",
            proto4(
                &[global("builtins", "bytearray"), b"\x8a\x05\x00\x00\x00\x00\x40\x85R".to_vec()].concat(),
            ),
        ),
    ] {
        let outcome = scan(bytes);
        assert!(outcome.rules().contains(&"pickle/resource-attack"), "{case}: {:?}", outcome.rules());
    }
}

#[test]
fn text_and_random_bytes_are_not_claimed() {
    for (name, bytes) in [
        ("notes.txt", &b"configuration\nfor the model\n(see below)\n"[..]),
        ("README.md", b"c\nd\n"),
        ("data.csv", b"I,J,K\n1,2,3\n"),
        ("list.json", b"[1, 2, 3]"),
        ("dict.json", b"{\"a\": 1}"),
        ("weights.bin", b"\x80\x01\xff\xfe\x00\x00"),
        ("one.txt", b"."),
        ("latex.tex", b"(A(B(C)))."),
    ] {
        assert_eq!(inspect(&Pickle, name, bytes).claim, Claim::No, "{name}");
    }
}

#[test]
fn inspect_lists_opcodes_with_resolved_callees() {
    let description = describe(&Pickle, "m.pkl", proto4(&call("os", "system")));
    insta::assert_json_snapshot!(description.sections.iter().map(|s| (s.title, &s.rows)).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        scan(bytes);
    }

    #[test]
    fn arbitrary_opcodes_never_panic(ops in proptest::collection::vec(0usize..68, 0..200), seed in any::<u64>()) {
        let opcodes: Vec<u8> = (0..=255u8).filter(|byte| super::opcode::describe(*byte).is_some()).collect();
        let mut bytes = vec![0x80, 4];
        for (at, op) in ops.into_iter().enumerate() {
            bytes.push(opcodes[op]);
            match super::opcode::describe(opcodes[op]).unwrap().1 {
                super::opcode::Argument::Fixed(n) => bytes.extend((0..n).map(|k| (seed >> (k * 8 + at % 8)) as u8 & 7)),
                super::opcode::Argument::Line => bytes.extend(b"1\n"),
                super::opcode::Argument::TwoLines => bytes.extend(b"os\nsystem\n"),
                super::opcode::Argument::Counted(n) => { bytes.push(1); bytes.extend(vec![0; n - 1]); bytes.push(b'a'); }
                super::opcode::Argument::None => {}
            }
        }
        let outcome = scan(bytes.clone());
        describe(&Pickle, "x.pkl", bytes);
        let _ = outcome;
    }

    #[test]
    fn damaged_pickles_never_panic(cut in 0usize..200, flip in 0usize..200, bit in 0u8..8) {
        let mut bytes = joblib(&call("os", "system"));
        let length = bytes.len();
        bytes[flip % length] ^= 1 << bit;
        bytes.truncate(length - cut % length);
        scan(bytes);
    }
}

/// Trusted functions that call, or import, what they are told to.
#[test]
fn functions_that_call_what_they_are_given_do_not_hide_it() {
    let stranger = global("stranger", "function");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "generator",
            [
                global("numpy.random._pickle", "__generator_ctor"),
                short("x"),
                stranger.clone(),
                b"\x86R".to_vec(),
            ]
            .concat(),
        ),
        (
            "tensor subclass",
            [
                &global("torch._tensor", "_rebuild_from_type_v2")[..],
                b"(",
                &stranger,
                &global("torch", "Tensor"),
                &short("a"),
                b"\x85NtR",
            ]
            .concat(),
        ),
        (
            "jax array",
            [&global("jax._src.array", "_reconstruct_array")[..], b"(", &stranger, &short("a"), b"\x85NNtR"]
                .concat(),
        ),
        ("partial", [&global("functools", "partial")[..], &stranger, b"\x85R)R"].concat()),
        (
            "partial with another state",
            [
                &global("functools", "partial")[..],
                &global("builtins", "list"),
                b"\x85R(",
                &stranger,
                b")}Ntb)R",
            ]
            .concat(),
        ),
        (
            "itself",
            [&global("functools", "partial")[..], &stranger, b"\x85R\x940h\x00(h\x00)}Ntb)R"].concat(),
        ),
    ];
    for (trick, body) in cases {
        let outcome = scan(proto4(&body));
        assert!(outcome.worst() >= Some(Severity::High), "{trick}: {:#?}", outcome.inspection.findings);
    }
    let imports = proto4(
        &[&global("numpy.core", "_ufunc_reconstruct")[..], &short("stranger"), &short("x"), b"\x86R"]
            .concat(),
    );
    assert!(scan(imports).worst() >= Some(Severity::Medium));
}

/// Two partials that each keep both would be called two to the power of the depth times.
#[test]
fn partials_that_keep_each_other_end() {
    let partial =
        |name: &str| [&global("functools", "partial")[..], &global("stranger", name), b"\x85R"].concat();
    let state = |kept: &[u8]| [b"(", kept, b")}Ntb"].concat();
    let mut body = [partial("one"), b"q\x000".to_vec(), partial("two"), b"q\x010".to_vec()].concat();
    for of in [b"h\x00", b"h\x01"] {
        for kept in [b"h\x00", b"h\x01"] {
            body.extend([&of[..], &state(kept), b"0"].concat());
        }
    }
    body.extend(b"h\x00)R");
    let outcome = scan(proto4(&body));
    assert!(outcome.worst() >= Some(Severity::High), "{:#?}", outcome.inspection.findings);
    let called = |name| {
        outcome.inspection.findings.iter().any(|f| f.message.contains(&format!("runs `stranger.{name}")))
    };
    assert!(called("one") && called("two"), "{:#?}", outcome.inspection.findings);
}

#[test]
fn a_partial_that_is_not_called_and_one_that_makes_an_instance_are_harmless() {
    let kept =
        [&global("functools", "partial")[..], &global("sklearn.utils.validation", "check_array"), b"\x85R"]
            .concat();
    assert_eq!(severity_of(proto4(&kept)), None);
    let class = global("sklearn.linear_model", "Ridge");
    let makes = [
        &global("functools", "partial")[..],
        &global("builtins", "getattr"),
        &class,
        &short("__new__"),
        b"\x86R",
        &class,
        b"\x86R)R",
    ]
    .concat();
    assert!(severity_of(proto4(&makes)) < Some(Severity::Medium));
    assert_eq!(
        severity_of(proto4(
            &[&global("functools", "partial")[..], &global("os", "system"), b"\x85R"].concat()
        )),
        Some(Severity::Critical)
    );
}

#[test]
fn a_literal_that_is_loaded_as_a_checkpoint_is_a_member_whatever_it_looks_like() {
    let inner = b"cos\nsystem\n(S'echo'\ntR.";
    let loaded =
        [&global("torch.storage", "_load_from_bytes")[..], b"C", &[inner.len() as u8], inner, b"\x85R"]
            .concat();
    let outcome = scan(proto4(&loaded));
    assert_eq!(outcome.children.len(), 1);
    assert!(outcome.children[0].path.as_str().ends_with(".pt"));
}

#[test]
fn an_instance_of_a_class_that_could_load_is_mild_and_a_function_in_its_place_is_not() {
    let made = |module, name| severity_of(proto4(&[global(module, name), b")\x81".to_vec()].concat()));
    assert_eq!(made("joblib.memory", "Memory"), Some(Severity::Low));
    assert_eq!(made("pickle", "loads"), Some(Severity::Critical));
}

#[test]
fn an_array_of_a_type_that_is_not_known_is_a_gap() {
    let wrapper = [
        &global("joblib.numpy_pickle", "NumpyArrayWrapper")[..],
        b")\x81}(",
        &short("dtype"),
        &global("numpy", "dtype"),
        &short("T"),
        b"\x85R",
        &short("shape"),
        b"K\x02\x85ub",
    ]
    .concat();
    let outcome = scan(proto4(&wrapper));
    assert!(!outcome.inspection.coverage.is_complete());
    assert_eq!(outcome.worst(), None);
}
