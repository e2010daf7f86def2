//! `lineage`: the graph, comparisons, sketches and the store, as their users see them.

use crate::sandbox::Sandbox;

/// A NumPy array of 64 × 64 values that depend on the seed alone, each changed by `change`.
fn array(seed: u64, change: impl Fn(f32) -> f32) -> Vec<u8> {
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (64, 64), }".to_owned();
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..64 * 64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            sum += (state >> 40) as f32 / (1u64 << 24) as f32;
        }
        bytes.extend(change(sum).to_le_bytes());
    }
    bytes
}

#[test]
fn a_comparison_answers_in_json_and_exits_with_0_whatever_the_answer() {
    let (base, other) = (array(1, |v| v), array(2, |v| v));
    let pruned = array(1, |v| if v.abs() < 0.5 { 0.0 } else { v });
    let sandbox = Sandbox::with(&[("base.npy", &base), ("other.npy", &other), ("pruned.npy", &pruned)]);
    let compared = sandbox.run(&["lineage", "compare", "base.npy", "pruned.npy", "--format", "json"]);
    assert_eq!((compared.code, compared.stderr.as_str()), (0, ""));
    let answer = compared.json();
    assert_eq!((answer["related"].as_bool(), answer["relation"].as_str()), (Some(true), Some("pruned")));
    assert!(answer["score"].as_f64().unwrap() > 0.8);
    assert_eq!(answer["tensors"].as_array().unwrap().len(), 1);
    let unrelated = sandbox.run(&["lineage", "compare", "base.npy", "other.npy"]);
    assert_eq!(unrelated.code, 0);
    insta::assert_snapshot!(unrelated.stdout, @r"
    a         base.npy (4096 parameters)
    b         other.npy (4096 parameters)
    related   no
    relation  unrelated
    score     0.000
    ");
}

#[test]
fn what_cannot_be_read_exits_with_3_and_says_why() {
    let sandbox = Sandbox::with(&[("base.npy", &array(1, |v| v)), ("empty/notes.txt", b"x")]);
    let missing = sandbox.run(&["lineage", "compare", "base.npy", "gone.npy", "--format", "json"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (3, ""));
    assert!(missing.stderr.starts_with("gone.npy: it cannot be opened"), "{}", missing.stderr);
    let nothing = sandbox.run(&["lineage", "empty"]);
    assert_eq!(nothing.code, 3);
    assert!(nothing.stderr.contains("no weights found"), "{}", nothing.stderr);
    assert_eq!(sandbox.run(&["lineage"]).code, 2);
    assert_eq!(sandbox.run(&["lineage", "search", "base.npy", "--store", "nowhere"]).code, 3);
}

#[test]
fn sketches_are_kept_once_and_searched() {
    let tuned = array(1, |v| v + 0.05 * (v * 1000.0).sin());
    let sandbox = Sandbox::with(&[
        ("base.npy", &array(1, |v| v)),
        ("copy.npy", &array(1, |v| v)),
        ("tuned.npy", &tuned),
    ]);
    assert_eq!(sandbox.run(&["lineage", "base.npy", "copy.npy", "--store", "kept"]).code, 0);
    assert_eq!(std::fs::read_dir(sandbox.path("kept")).unwrap().count(), 1);
    let found = sandbox.run(&["lineage", "search", "tuned.npy", "--store", "kept", "--format", "json"]);
    assert_eq!(found.json()["related"][0]["relation"], "finetuned");
    assert_eq!(found.json()["related"][0]["label"], "base.npy");
    let sketched = sandbox.run(&["lineage", "sketch", "base.npy", "-o", "base.sketch"]);
    assert_eq!((sketched.code, sketched.stdout.as_str()), (0, ""));
    let same = sandbox.run(&["lineage", "compare", "base.sketch", "copy.npy", "--format", "json"]);
    assert_eq!(same.json()["relation"], "same-weights");
}

#[test]
fn the_graph_shows_declared_and_observed_edges_and_what_contradicts_them() {
    let card = b"---\nlicense: apache-2.0\nbase_model: org/base\n---\n# Child\n";
    let liar = b"---\nlicense: mit\nbase_model: org/base\n---\n# Liar\n";
    let sandbox = Sandbox::with(&[
        ("org/base/w.npy", &array(1, |v| v)),
        ("org/base/README.md", b"---\nlicense: cc-by-nc-4.0\n---\n# Base\n"),
        ("child/w.npy", &array(1, |v| if v.abs() < 0.5 { 0.0 } else { v })),
        ("child/README.md", card),
        ("liar/w.npy", &array(3, |v| v)),
        ("liar/README.md", liar),
    ]);
    let graph = sandbox.run(&["lineage", "org/base", "child", "liar", "--format", "json"]);
    assert_eq!((graph.code, graph.stderr.as_str()), (1, ""));
    let graph = graph.json();
    let rules: Vec<&str> = graph["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    assert!(rules.contains(&"provenance/lineage-disagrees"), "{rules:?}");
    assert!(rules.contains(&"provenance/licence-looser-than-ancestor"), "{rules:?}");
    let sources: Vec<&str> =
        graph["edges"].as_array().unwrap().iter().map(|edge| edge["source"].as_str().unwrap()).collect();
    assert!(sources.contains(&"card") && sources.contains(&"weights"), "{sources:?}");
    let dot = sandbox.run(&["lineage", "org/base", "child", "--format", "dot"]).stdout;
    assert!(dot.starts_with("digraph lineage {") && dot.trim_end().ends_with('}'), "{dot}");
    let tree = sandbox.run(&["lineage", "org/base", "child"]).stdout;
    assert!(tree.contains("fine-tuned-from [weights"), "{tree}");
}
