use proptest::prelude::*;

use super::*;
use crate::testing;

/// Writes XDR.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn rds() -> Self {
        let mut writer = Self(b"X\n".to_vec());
        writer.int(2).int(0x0004_0300).int(0x0002_0300);
        writer
    }

    fn int(&mut self, number: i32) -> &mut Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    fn chars(&mut self, text: &str) -> &mut Self {
        self.int(0x0004_0009).int(text.len() as i32);
        self.0.extend(text.as_bytes());
        self
    }

    fn symbol(&mut self, name: &str) -> &mut Self {
        self.int(1).chars(name)
    }

    /// `name("argument")`
    fn call(&mut self, name: &str, argument: &str) -> &mut Self {
        self.int(6).symbol(name).int(2).int(16).int(1).chars(argument).int(254)
    }
}

#[test]
fn a_promise_that_runs_a_command_is_dangerous() {
    let mut writer = Writer::rds();
    // A promise in the global environment, not yet evaluated.
    writer.int(5 | 0x400).int(253).int(252).call("system", "echo hi");
    let outcome = testing::inspect(&RdsInspector, "m.rds", writer.0);
    assert_eq!(outcome.claim, Claim::Certain);
    assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
    assert_eq!(outcome.inspection.findings[0].severity, Severity::High);
    assert_eq!(
        outcome.inspection.findings[0].message,
        "when the loaded value is looked at, R evaluates `system`"
    );
}

#[test]
fn a_list_with_class_and_formula_is_an_ordinary_model() {
    let mut writer = Writer::rds();
    // list(1.0, y ~ x) with class "lm"
    writer.int(19 | 0x200 | 0x100).int(2).int(14).int(1);
    writer.0.extend(1.0f64.to_be_bytes());
    writer.int(6).symbol("~").int(2).symbol("y").int(2).symbol("x").int(254);
    writer.int(2 | 0x400).symbol("class").int(16).int(1).chars("lm").int(254);
    let outcome = testing::inspect(&RdsInspector, "m.rds", writer.0);
    assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
    assert_eq!(outcome.worst(), None);
    let Some(Fact::Model(model)) = outcome.inspection.facts.first() else { panic!("no model") };
    assert_eq!(model.architecture.as_deref(), Some("lm"));
    assert_eq!(model.producer.as_deref(), Some("R 4.3.0"));
}

#[test]
fn calls_that_run_commands_are_told() {
    let mut writer = Writer::rds();
    writer.call("system", "id");
    let outcome = testing::inspect(&RdsInspector, "m.rds", writer.0);
    assert_eq!(outcome.rules(), ["rds/dangerous-call"]);
}

#[test]
fn truncated_objects_are_incomplete() {
    let mut writer = Writer::rds();
    writer.int(19).int(1000).int(14).int(5);
    assert!(!testing::inspect(&RdsInspector, "m.rds", writer.0).inspection.coverage.is_complete());
}

proptest! {
    #[test]
    fn arbitrary_items_never_panic(ints in prop::collection::vec(prop_oneof![0i32..260, any::<i32>()], 0..200)) {
        let mut writer = Writer::rds();
        ints.iter().for_each(|int| { writer.int(*int); });
        testing::inspect(&RdsInspector, "m.rds", writer.0);
    }
}
