//! `bartizan inspect`.

use crate::sandbox::{EVIL, GOOD, Sandbox, outcome, zip};

#[test]
fn a_pickle_is_shown_as_opcodes_with_offsets_and_what_they_call() {
    let sandbox = Sandbox::with(&[("evil.pkl", EVIL)]);
    let inspected = sandbox.run(&["inspect", "evil.pkl"]);
    assert_eq!(inspected.code, 0, "looking is no judgement");
    insta::assert_snapshot!(inspected.stdout, @r#"
    path      evil.pkl
    kind      pickle
    size      26 bytes
    sha256    b3c9d294fc46417772f8bc61edd6cc532014e350e20362ab386da54b4a1cfc0e
    verdict   malicious
    critical  pickle/code-execution: on load, this file runs `os.system("echo hi")`, which runs a command on the machine

    calls
      callee     how   offset  arguments
      os.system  call  24      "echo hi"

    imports
      module  name    uses             offset  count
      os      system  reference, call  0       2

    opcodes
      offset  opcode  argument   resolves-to
      0       GLOBAL  os system  os.system
      11      MARK
      12      STRING  'echo hi'
      23      TUPLE
      24      REDUCE             os.system
      25      STOP
    "#);
}

#[test]
fn one_table_can_be_chosen_and_cut() {
    let sandbox = Sandbox::with(&[("evil.pkl", EVIL)]);
    let opcodes = sandbox.run(&["inspect", "evil.pkl", "--section", "opcodes", "--limit", "2"]);
    insta::assert_snapshot!(opcodes.stdout, @r"

    opcodes
      offset  opcode  argument   resolves-to
      0       GLOBAL  os system  os.system
      11      MARK
      … and 4 more; --limit shows more
    ");
    let unknown = sandbox.run(&["inspect", "evil.pkl", "--section", "tensors"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(unknown.stderr, @"error: there is no table `tensors`; there are: calls, imports, opcodes");
}

#[test]
fn json_holds_the_same_tables() {
    let sandbox = Sandbox::with(&[("evil.pkl", EVIL)]);
    let inspected = sandbox.run(&["inspect", "evil.pkl", "--format", "json"]).json();
    assert_eq!(inspected["kind"], "pickle");
    assert_eq!(inspected["calls"][0]["callee"], "os.system");
    assert_eq!(inspected["opcodes"][4]["offset"], 24);
    assert_eq!(inspected["opcodes"][4]["resolves-to"], "os.system");
    assert_eq!(inspected["findings"][0]["rule"], "pickle/code-execution");
}

#[test]
fn a_member_is_named_as_in_reports() {
    let archive = zip(&[("data/x.pkl", EVIL), ("y.pkl", GOOD)]);
    let sandbox = Sandbox::with(&[("a.zip", &archive)]);
    let member = sandbox.run(&["inspect", "a.zip!data/x.pkl", "--format", "json"]).json();
    assert_eq!((&member["path"], &member["size"]), (&"a.zip!data/x.pkl".into(), &EVIL.len().into()));
    assert_eq!(member["calls"][0]["callee"], "os.system");
    let missing = sandbox.run(&["inspect", "a.zip!z.pkl"]);
    assert_eq!(missing.code, 2);
    insta::assert_snapshot!(missing.stderr, @"error: `a.zip` has no member `z.pkl`");
}

#[test]
fn standard_input_can_be_inspected_and_what_is_not_there_cannot() {
    let sandbox = Sandbox::with(&[]);
    let piped =
        outcome(sandbox.command(&["inspect", "-", "--format", "json"]).write_stdin(EVIL.to_vec())).json();
    assert_eq!(piped["path"], "-");
    let missing = sandbox.run(&["inspect", "missing.pkl"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.starts_with("error: `missing.pkl` cannot be opened: "), "{}", missing.stderr);
}
