use proptest::prelude::*;

use super::*;
use crate::testing;

fn json(children: &str, trees: &str, attribute: &str) -> String {
    format!(
        r#"{{"learner": {{"attributes": {{"note": "{attribute}"}}, "feature_names": ["a"], "gradient_booster": {{"model": {{
        "gbtree_model_param": {{"num_parallel_tree": "1", "num_trees": "{trees}"}}, "tree_info": [0],
        "trees": [{{"left_children": {children}, "right_children": [2, -1, -1], "tree_param": {{"num_nodes": "3"}}}}]}},
        "name": "gbtree"}}, "learner_model_param": {{"num_feature": "4", "num_class": "0"}},
        "objective": {{"name": "binary:logistic"}}}}, "version": [2, 1, 0]}}"#
    )
}

fn rules(text: String) -> Vec<&'static str> {
    testing::inspect(&XgboostInspector, "m.json", text.into_bytes()).rules()
}

#[test]
fn an_ordinary_model_is_described_without_a_finding() {
    let outcome = testing::inspect(&XgboostInspector, "m.json", json("[1, -1, -1]", "1", "x").into_bytes());
    assert_eq!((outcome.claim, outcome.worst()), (Claim::Shape, None));
    assert!(outcome.inspection.coverage.is_complete());
    let Some(Fact::Model(model)) = outcome.inspection.facts.first() else { panic!("no model") };
    assert_eq!(model.task.as_deref(), Some("binary:logistic"));
    assert_eq!(model.framework_version.as_deref(), Some("2.1.0"));
}

#[test]
fn children_counts_and_attributes_are_checked() {
    assert_eq!(rules(json("[99, -1, -1]", "1", "x")), ["xgboost/inconsistent-tree"]);
    assert_eq!(rules(json("[1, -1]", "1", "x")), ["xgboost/inconsistent-tree"]);
    assert_eq!(rules(json("[1, -1, -1]", "2000000000", "x")), ["xgboost/absurd-count"]);
    let outcome = testing::inspect(
        &XgboostInspector,
        "m.json",
        json("[1, -1, -1]", "1", "gASVBQAAAAAAAACMAWGULg==").into_bytes(),
    );
    assert_eq!(outcome.rules(), ["xgboost/hidden-payload"]);
    assert_eq!(outcome.children.len(), 1);
}

fn key(out: &mut Vec<u8>, text: &str) {
    out.push(b'L');
    out.extend((text.len() as i64).to_be_bytes());
    out.extend(text.as_bytes());
}

fn ubjson(child: i32) -> Vec<u8> {
    let mut out = b"{".to_vec();
    key(&mut out, "learner");
    out.push(b'{');
    key(&mut out, "attributes");
    out.extend(b"{}");
    key(&mut out, "gradient_booster");
    out.push(b'{');
    key(&mut out, "trees");
    out.extend(b"[#L");
    out.extend(1i64.to_be_bytes());
    out.push(b'{');
    for (name, first) in [("left_children", child), ("right_children", 2)] {
        key(&mut out, name);
        out.extend(b"[$l#L");
        out.extend(3i64.to_be_bytes());
        [first, -1, -1].iter().for_each(|number: &i32| out.extend(number.to_be_bytes()));
    }
    out.extend(b"}}}");
    key(&mut out, "version");
    out.extend(b"[#L");
    out.extend(3i64.to_be_bytes());
    [3u8, 1, 0].iter().for_each(|number| out.extend([b'i', *number]));
    out.push(b'}');
    out
}

#[test]
fn ubjson_says_the_same_as_json() {
    let outcome = testing::inspect(&XgboostInspector, "m.ubj", ubjson(1));
    assert_eq!((outcome.claim, outcome.worst()), (Claim::Certain, None));
    assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
    let Some(Fact::Model(model)) = outcome.inspection.facts.first() else { panic!("no model") };
    assert_eq!(model.framework_version.as_deref(), Some("3.1.0"));
    assert_eq!(
        testing::inspect(&XgboostInspector, "m.ubj", ubjson(7)).rules(),
        ["xgboost/inconsistent-tree"]
    );
}

#[test]
fn the_old_binary_format_is_recognised_by_its_names() {
    let mut bytes = vec![0u8; 136];
    bytes[4] = 4;
    for name in ["reg:linear", "gbtree"] {
        bytes.extend((name.len() as u64).to_le_bytes());
        bytes.extend(name.as_bytes());
    }
    bytes.extend(2_000_000_000i32.to_le_bytes());
    let outcome = testing::inspect(&XgboostInspector, "m.model", bytes);
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Shape, vec!["xgboost/absurd-count"]));
}

proptest! {
    #[test]
    fn damaged_files_never_panic(cut in 0usize..400, at in 0usize..400, byte in any::<u8>()) {
        let mut bytes = ubjson(1);
        if let Some(one) = bytes.get_mut(at) { *one = byte; }
        bytes.truncate(bytes.len().saturating_sub(cut));
        testing::inspect(&XgboostInspector, "m.ubj", bytes);
    }

    #[test]
    fn arbitrary_ubjson_never_panics(bytes in prop::collection::vec(prop::sample::select(b"{}[]$#LliUSdD\x00\x01\x02aZ".to_vec()), 0..80)) {
        let mut all = b"{L\0\0\0\0\0\0\0\x07learner{L\0\0\0\0\0\0\0\x0aattributes".to_vec();
        all.extend(bytes);
        testing::inspect(&XgboostInspector, "m.ubj", all);
    }
}
