use bartizan_core::{Claim, Collection, Fact, Severity};
use proptest::prelude::*;

use super::Croissant;
use crate::testing::{Outcome, describe, inspect, survives};

const CONTEXT: &str = r#""@context": {"@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "dct": "http://purl.org/dc/terms/", "rai": "http://mlcommons.org/croissant/RAI/",
    "citeAs": "cr:citeAs", "column": "cr:column", "conformsTo": "dct:conformsTo", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "extract": "cr:extract", "field": "cr:field",
    "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "includes": "cr:includes", "recordSet": "cr:recordSet",
    "references": "cr:references", "source": "cr:source", "subField": "cr:subField", "arrayShape": "cr:arrayShape",
    "isArray": "cr:isArray", "isLiveDataset": "cr:isLiveDataset", "md5": "cr:md5"}"#;

const FILE: &str = r#"{"@type": "cr:FileObject", "@id": "a.csv", "name": "a.csv", "contentUrl": "https://x.invalid/a.csv",
    "encodingFormat": "text/csv", "sha256": "c617db2c7470716250f6f001be51304c76bcc8815527ab8bae734bdca0735737"}"#;

const FIELD: &str = r#"{"@type": "cr:Field", "@id": "r/x", "name": "x", "dataType": "sc:Text",
    "source": {"fileObject": {"@id": "a.csv"}, "extract": {"column": "x"}}}"#;

fn document(files: &str, fields: &str, more: &str) -> String {
    format!(
        r#"{{{CONTEXT}, "@type": "sc:Dataset", "name": "Set", "conformsTo": "http://mlcommons.org/croissant/1.0",
            "license": "mit", "url": "https://x.invalid/", "rai:dataBiases": "some", "creator": {{"@type": "Person", "name": "Ann"}},
            "distribution": [{files}],
            "recordSet": [{{"@type": "cr:RecordSet", "@id": "r", "name": "r", "field": [{fields}]{more}}}]}}"#
    )
}

fn read(text: &str) -> Outcome {
    inspect(&Croissant, "croissant.json", text.to_owned())
}

fn collection(outcome: &Outcome) -> &Collection {
    let collection = outcome.inspection.facts.iter().find_map(|fact| match fact {
        Fact::Collection(collection) => Some(collection),
        _ => None,
    });
    collection.unwrap()
}

fn problems(text: &str) -> Vec<String> {
    read(text).inspection.findings.iter().map(|found| found.message.clone()).collect()
}

#[test]
fn a_valid_description_is_read_and_has_nothing_to_report() {
    let outcome = read(&document(FILE, FIELD, ""));
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Certain, vec![]), "{:#?}", outcome.inspection);
    let set = collection(&outcome);
    assert_eq!((set.name.as_str(), set.creators.as_slice()), ("Set", &["Ann".to_owned()][..]));
    assert_eq!(set.distribution[0].media_type.as_deref(), Some("text/csv"));
    assert!(set.distribution[0].sha256.is_some());
    assert_eq!(set.record_sets[0].fields, ["x"]);
    let facts = format!("{:?}", outcome.inspection.facts);
    for told in ["\"mit\"", "\"croissant\"", "\"bias\"", "croissant/1.0"] {
        assert!(facts.contains(told), "{told}: {facts}");
    }
    assert!(!describe(&Croissant, "croissant.json", document(FILE, FIELD, "")).sections.is_empty());
}

#[test]
fn other_forms_of_the_same_description_say_the_same() {
    let expanded = r#"[{"@type": ["https://schema.org/Dataset"], "https://schema.org/name": [{"@value": "Set"}],
        "http://mlcommons.org/croissant/recordSet": [{"@list": []}],
        "https://schema.org/license": [{"@id": "https://spdx.org/licenses/MIT"}],
        "https://schema.org/distribution": [{"@id": "f", "@type": ["http://mlcommons.org/croissant/FileSet"],
            "https://schema.org/encodingFormat": [{"@value": "text/csv"}],
            "http://mlcommons.org/croissant/includes": [{"@value": "*.csv"}]}]}]"#;
    let flat = format!(
        r#"{{{CONTEXT}, "@graph": [{{"@id": "d", "@type": "Dataset", "name": "Set", "distribution": {{"@id": "f"}}}},
            {{"@id": "f", "@type": "cr:FileSet", "cr:includes": "*.csv", "encodingFormat": "text/csv"}}]}}"#
    );
    let prefixed = r#"{"@context": {"s": "http://schema.org/", "c": "http://mlcommons.org/croissant/"}, "@type": "s:Dataset",
        "s:name": "Set", "s:distribution": {"@type": "c:FileSet", "@id": "f", "c:includes": "*", "s:encodingFormat": "a/b"}}"#;
    for text in [expanded, &flat, prefixed] {
        let outcome = read(text);
        assert_eq!(
            (outcome.claim, outcome.rules()),
            (Claim::Certain, vec![]),
            "{text}: {:#?}",
            outcome.inspection
        );
        let set = collection(&outcome);
        assert_eq!((set.name.as_str(), set.distribution[0].name.as_str()), ("Set", "f"), "{text}");
    }
}

#[test]
fn what_breaks_the_format_is_named() {
    let contained =
        FILE.replace("\"encodingFormat\"", "\"containedIn\": {\"@id\": \"none\"}, \"encodingFormat\"");
    let two = format!("{FILE}, {}", FILE.replace("a.csv", "b.csv"));
    let unjoined = format!("{FIELD}, {}", FIELD.replace("r/x", "r/y").replace("a.csv", "b.csv"));
    let long = "x".repeat(30);
    for (text, problem) in [
        (document(&contained, FIELD, ""), "lies in `none`, which is not described"),
        (document(&FILE.replace("cr:FileObject", "sc:Thing"), FIELD, ""), "neither the type `cr:FileObject`"),
        (
            document(&FILE.replace("contentUrl", "contentAddress"), FIELD, ""),
            "lacks the property `sc:contentUrl`",
        ),
        (
            document(&FILE.replace("encodingFormat", "format"), FIELD, ""),
            "lacks the property `sc:encodingFormat`",
        ),
        (document(&FILE.replace("sha256", "sha1"), FIELD, ""), "lacks the property `sc:sha256`"),
        (document(FILE, &FIELD.replace("\"@id\": \"a.csv\"", "\"@id\": \"zz\""), ""), "names `zz`"),
        (
            document(FILE, &FIELD.replace("\"source\"", "\"origin\""), ""),
            "neither `cr:source` nor `cr:value`",
        ),
        (document(FILE, &FIELD.replace("fileObject", "file"), ""), "names none of"),
        (document(FILE, &FIELD.replace("dataType", "kind"), ""), "no `cr:dataType`"),
        (document(FILE, &FIELD.replace("cr:Field", "sc:Field"), ""), "has not the type `cr:Field`"),
        (document(FILE, FIELD, "").replace("cr:RecordSet", "cr:Records"), "has not the type `cr:RecordSet`"),
        (document(FILE, FIELD, "").replace("sc:Dataset", "sc:Book"), "has not the type `sc:Dataset`"),
        (document(FILE, &FIELD.replace("\"name\": \"x\"", "\"name\": true"), ""), "is a truth value"),
        (
            document(FILE, &FIELD.replace("\"name\"", "\"arrayShape\": \"1,2\", \"name\""), ""),
            "`cr:isArray` is not true",
        ),
        (
            document(
                FILE,
                &FIELD.replace("\"name\"", "\"isArray\": true, \"arrayShape\": \"a,b\", \"name\""),
                "",
            ),
            "not whole numbers",
        ),
        (document(&two, &unjoined, ""), "no `cr:references` joins them"),
        (document(&FILE.replace("\"a.csv\"", "\"a b.csv\""), FIELD, ""), "holds white space"),
        (document(&format!("{FILE}, {FILE}"), FIELD, ""), "is given to two things"),
        (document(FILE, FIELD, r#", "data": [{"z": 1}]"#), "not the fields of its set"),
        (document(FILE, FIELD, r#", "data": []"#), "holds no record"),
        (
            document(FILE, &FIELD.replace("\"dataType\": \"sc:Text\",", &format!("\"{long}\": 1,")), ""),
            "dataType",
        ),
    ] {
        let found = problems(&text);
        assert!(found.iter().any(|found| found.contains(problem)), "{problem}: {found:#?}\n{text}");
        assert_eq!(read(&text).worst(), Some(Severity::Low));
    }
}

#[test]
fn joins_inherited_types_and_records_in_the_description_are_valid() {
    let two = format!("{FILE}, {}", FILE.replace("a.csv", "b.csv"));
    let joined = FIELD.replace("r/x", "r/y").replace(
        "\"name\"",
        "\"references\": {\"fileObject\": {\"@id\": \"b.csv\"}, \"extract\": {\"column\": \"k\"}}, \"name\"",
    );
    let other = FIELD.replace("r/x", "r/z").replace("a.csv", "b.csv");
    let inherited = FIELD.replace("r/x", "r/i").replace("\"dataType\": \"sc:Text\",", "").replace(
        "{\"fileObject\": {\"@id\": \"a.csv\"}, \"extract\": {\"column\": \"x\"}}",
        "{\"field\": {\"@id\": \"r/x\"}}",
    );
    let fed = r#"{"@type": "cr:Field", "@id": "r/x", "name": "x", "dataType": "sc:Text"}"#;
    for text in [
        document(&two, &format!("{joined}, {other}"), ""),
        document(FILE, &format!("{FIELD}, {inherited}"), "")
            .replace("\"r/i\", \"name\"", "\"r/i\", \"alternateName\""),
        document(FILE, fed, r#", "data": [{"r/x": "v"}, {"x": "w"}]"#),
        document(&FILE.replace("sha256", "md5"), FIELD, ""),
        document(&FILE.replace("sha256", "sha1"), FIELD, "")
            .replace("\"license\"", "\"isLiveDataset\": true, \"license\""),
    ] {
        let found: Vec<_> = problems(&text);
        // The second one takes from its own record set, which nothing joins with the file.
        let found: Vec<_> = found.iter().filter(|found| !found.contains("joins them")).collect();
        assert!(found.is_empty(), "{found:#?}\n{text}");
    }
}

#[test]
fn cycles_end() {
    let text = format!(
        r#"{{{CONTEXT}, "@graph": [
            {{"@id": "d", "@type": "Dataset", "distribution": {{"@id": "d"}}, "recordSet": {{"@id": "r"}}}},
            {{"@id": "r", "@type": "cr:RecordSet", "field": [{{"@id": "f"}}, {{"@id": "g"}}]}},
            {{"@id": "f", "@type": "cr:Field", "subField": {{"@id": "f"}}}},
            {{"@id": "g", "@type": "cr:Field", "source": {{"field": {{"@id": "g"}}}}}}]}}"#
    );
    assert!(!problems(&text).is_empty());
    collection(&read(&text));
}

#[test]
fn damage_is_survived() {
    survives(&Croissant, "croissant.json", document(FILE, FIELD, r#", "data": [{"x": 1}]"#).as_bytes());
}

proptest! {
    #[test]
    fn any_graph_of_three_things_is_read(links in prop::collection::vec((0usize..3, 0usize..6, 0usize..3), 0..12)) {
        let names = ["distribution", "recordSet", "field", "subField", "source", "references"];
        let things: Vec<String> = (0..3).map(|at| {
            let own: Vec<String> = names.iter().enumerate().map(|(name, key)| {
                let to: Vec<String> = links.iter().filter(|link| (link.0, link.1) == (at, name))
                    .map(|link| format!("{{\"@id\": \"t{}\"}}", link.2)).collect();
                format!("\"{key}\": [{}]", to.join(","))
            }).collect();
            let kind = ["sc:Dataset", "cr:RecordSet", "cr:Field"][at];
            format!("{{\"@id\": \"t{at}\", \"@type\": \"{kind}\", {}}}", own.join(","))
        }).collect();
        read(&format!("{{{CONTEXT}, \"@graph\": [{}]}}", things.join(",")));
    }
}
