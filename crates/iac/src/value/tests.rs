use super::*;

fn unresolved(reference: &str) -> Arc<Unresolved> {
    Arc::new(Unresolved { reference: reference.into(), why: "test", target: None, failed: false })
}

#[test]
fn a_text_with_an_unknown_part_is_excluded_by_what_is_known_of_it() {
    let parts = vec![
        Fragment::Text("arn:".into()),
        Fragment::Unknown(unresolved("a.b")),
        Fragment::Text("/*".into()),
    ];
    let partial = Value::new(Data::Partial(Arc::new(Partial { parts, decoded: None })));
    assert_eq!(partial.equals(&Value::text("*")), Some(false));
    assert_eq!(partial.equals(&Value::text("arn:x/*")), None);
    assert_eq!(shown(&partial), "\"arn:${a.b}/*\"");
}

#[test]
fn json_keeps_its_structure_around_unknown_parts() {
    let parts = vec![
        Fragment::Text("{\"Resource\": \"".into()),
        Fragment::Unknown(unresolved("a.arn")),
        Fragment::Text("/*\", \"Action\": ".into()),
        Fragment::Unknown(unresolved("b")),
        Fragment::Text("}".into()),
    ];
    let value = Value::new(Data::Partial(Arc::new(Partial { parts, decoded: None })));
    let json = parse_json(&value).unwrap();
    assert_eq!(shown(json.get("Resource").unwrap()), "\"${a.arn}/*\"");
    assert!(json.get("Action").unwrap().is_unknown());
}

#[test]
fn what_is_sensitive_is_never_shown() {
    let secret = Value::text("hunter2").mark(true);
    assert_eq!(shown(&Value::list(vec![Value::bool(true), secret])), "[true, (sensitive)]");
    assert_eq!(number(0.0), "0");
    assert_eq!(number(-3.0), "-3");
    assert_eq!(number(1.5), "1.5");
}
