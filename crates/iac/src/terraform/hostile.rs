//! Configurations that nobody would write: random ones, and ones that are made to cost.

use std::cell::Cell;

use proptest::prelude::*;

use super::{FUNCTIONS, Settings, read};
use crate::rule::{builtin, tests::tree_of};

fn names() -> Vec<&'static str> {
    FUNCTIONS.iter().flat_map(|family| family.iter().copied()).collect()
}

/// An expression over everything that evaluation knows.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("var.u".to_owned()),
        Just("local.a".to_owned()),
        Just("aws_s3_bucket.b.id".to_owned()),
        Just("module.m.out".to_owned()),
        Just("each.value".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}").replace("inf", "1").replace("NaN", "0")),
        "[a-z0-9/:. +%é-]{0,12}".prop_map(|text| format!("\"{}\"", text.replace('%', "%%"))),
        Just("\"10.0.0.0/8\"".to_owned()),
        Just("\"2026-01-02T03:04:05Z\"".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            (prop::sample::select(names()), several.clone())
                .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", "))),
            several.clone().prop_map(|list| format!("[{}]", list.join(", "))),
            several.prop_map(|list| {
                let entries = list.iter().enumerate().map(|(index, value)| format!("k{index} = {value}"));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }),
            (
                inner.clone(),
                prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "<", "&&"]),
                inner.clone()
            )
                .prop_map(|(one, operator, other)| format!("({one} {operator} {other})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), inner.clone()).prop_map(|(c, r)| format!("[for k, v in {c} : {r} if v != k]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            inner.clone().prop_map(|a| format!("\"x${{{a}}}y\"")),
            inner.prop_map(|a| format!("({a})[*].k0")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_expression_makes_evaluation_panic(
        one in expression(),
        two in expression(),
        three in expression(),
        count in expression(),
    ) {
        let text = format!(
            "variable \"u\" {{}}\nvariable \"t\" {{\n  type = object({{ k0 = optional({one}, 1) }})\n  default = {two}\n}}\n\
             locals {{\n  a = {three}\n}}\n\
             resource \"aws_s3_bucket\" \"b\" {{\n  for_each = {count}\n  acl = {one}\n  bucket = var.t\n  \
             dynamic \"rule\" {{\n    for_each = {two}\n    content {{\n      x = rule.value\n    }}\n  }}\n}}\n\
             resource \"aws_iam_policy\" \"p\" {{\n  count = {count}\n  policy = jsonencode({{ Statement = {three} }})\n}}\n\
             module \"m\" {{\n  source = \"./m\"\n  for_each = {two}\n  x = {one}\n}}\n"
        );
        let module = "variable \"x\" {}\noutput \"out\" { value = var.x }\n";
        let files = tree_of(&[("main.tf", &text), ("m/main.tf", module)]);
        let reading = read(&files, &Settings::default(), &|| false);
        let asset = bartizan_core::Asset::new(".", bartizan_core::Content::from_bytes(&b""[..]));
        reading.findings(&[builtin()], &asset, &|| false);
    }
}

/// What is made to cost ends, and says so where something was left out.
#[test]
fn what_is_made_to_cost_is_bounded() {
    let modules: Vec<(String, String)> = (0..40)
        .map(|level| {
            let next = level + 1;
            let text = format!(
                "module \"a\" {{ source = \"../m{next}\" }}\nmodule \"b\" {{ source = \"../m{next}\" }}\n\
                 resource \"aws_s3_bucket\" \"x\" {{}}\n"
            );
            (format!("m{level}/main.tf"), text)
        })
        .chain([("m40/main.tf".to_owned(), "resource \"aws_s3_bucket\" \"x\" {}\n".to_owned())])
        .collect();
    let doubling: Vec<(&str, &str)> =
        modules.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let lists = (1..30).fold("l0 = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned(), |text, level| {
        let last = level - 1;
        format!("{text}l{level} = concat(local.l{last}, local.l{last}, local.l{last}, local.l{last})\n")
    });
    let lists = format!("locals {{\n{lists}}}\nresource \"test_a\" \"a\" {{ x = local.l29 }}\n");
    let texts = (1..40).fold("t0 = \"xxxxxxxxxx\"\n".to_owned(), |text, level| {
        let last = level - 1;
        format!("{text}t{level} = \"${{local.t{last}}}${{local.t{last}}}${{local.t{last}}}\"\n")
    });
    let texts = format!("locals {{\n{texts}}}\nresource \"test_a\" \"a\" {{ x = local.t39 }}\n");
    let loops = "locals {\n  r = range(1000)\n  x = [for a in local.r : [for b in local.r : [for c in local.r : \
                 [for d in local.r : a]]]]\n}\nresource \"test_a\" \"a\" { x = local.x }\n";
    let nested = (1..30).fold("o0 = { a = 1, b = 2 }\n".to_owned(), |text, level| {
        let last = level - 1;
        format!("{text}o{level} = {{ a = local.o{last}, b = local.o{last} }}\n")
    });
    let nested = format!(
        "locals {{\n{nested}}}\nresource \"aws_iam_policy\" \"a\" {{ policy = jsonencode(local.o29) }}\n"
    );
    for (files, said) in [
        (doubling, "instances"),
        (vec![("main.tf", lists.as_str())], ""),
        (vec![("main.tf", texts.as_str())], ""),
        (vec![("main.tf", loops)], "steps"),
        (vec![("main.tf", nested.as_str())], "too many elements"),
    ] {
        // Evaluation asks every few thousand steps: that it ends by itself is what is tested here.
        let asked = Cell::new(0u64);
        let never = || {
            asked.set(asked.get() + 1);
            false
        };
        let reading = read(&tree_of(&files), &Settings::default(), &never);
        assert!(asked.get() < 10_000, "{} times", asked.get());
        let found = reading.unread.iter().any(|unread| unread.message.contains(said));
        assert!(said.is_empty() || found, "{said}: {:?}", reading.unread);
    }
}
