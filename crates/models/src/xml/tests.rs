use bartizan_core::{Claim, Severity};

use super::*;
use crate::testing::{inspect, survives};

fn worst(name: &str, text: &str) -> Option<Severity> {
    inspect(&Xml, name, text.as_bytes().to_vec()).worst()
}

#[test]
fn external_entities_are_found_in_any_document_and_external_definitions_in_models() {
    let entity = "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>";
    let definition = "<!DOCTYPE a PUBLIC '-//A' 'http://example.invalid/a.dtd'><a/>";
    assert_eq!(worst("a.xml", entity), Some(Severity::High));
    assert_eq!((worst("a.xml", definition), worst("a.pmml", definition)), (None, Some(Severity::High)));
    assert_eq!(worst("a.pmml", "<!DOCTYPE a SYSTEM 'http://www.dmg.org/pmml.dtd'><a/>"), Some(Severity::Low));
}

#[test]
fn growing_entities_are_found_by_nesting_and_by_use() {
    let nested = "<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;&b;&b;'>]><a/>";
    let large = "y".repeat(100_000);
    let used = format!("<!DOCTYPE a [<!ENTITY b '{large}'>]><a>{}</a>", "&b;".repeat(1000));
    let attribute = format!("<!DOCTYPE a [<!ENTITY b '{large}'>]><a c=\"{}\"/>", "&b;".repeat(1000));
    for text in [nested, &used, &attribute] {
        assert_eq!(worst("a.xml", text), Some(Severity::Medium));
    }
    assert_eq!(worst("a.xml", "<!DOCTYPE a [<!ENTITY nbsp '&#160;'>]><a>&nbsp;&amp;</a>"), None);
}

#[test]
fn other_encodings_hide_nothing() {
    let text = "<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE a [<!ENTITY e SYSTEM 'file:///x'>]><a/>";
    let little: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let wide = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    for bytes in [little, big, wide] {
        let outcome = inspect(&Xml, "a.xml", bytes);
        assert_eq!((outcome.claim, outcome.worst()), (Claim::Name, Some(Severity::High)));
    }
}

#[test]
fn what_stands_before_the_first_element_does_not_hide_it() {
    let late = format!("{}<!DOCTYPE a [<!ENTITY e SYSTEM 'f'>]><a/>", " \n".repeat(5000));
    assert_eq!(worst("a.xml", &late), Some(Severity::High));
    let later = format!("<!--{}--><!DOCTYPE a [<!ENTITY e SYSTEM 'f'>]><PMML/>", "x".repeat(2 << 20));
    let outcome = inspect(&Xml, "a.pmml", later.into_bytes());
    assert_eq!((outcome.claim, outcome.worst()), (Claim::Name, Some(Severity::High)));
    assert!(!outcome.inspection.coverage.is_complete());
    let seven = b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE";
    assert!(!inspect(&Xml, "a.xml", &seven[..]).inspection.coverage.is_complete());
}

#[test]
fn parts_of_a_model_in_its_declaration_are_medium() {
    for hidden in ["<!ENTITY e '&#60;b/>'>", "<!ATTLIST a library CDATA 'x.so'>"] {
        let text = format!("<!DOCTYPE a [{hidden}]><a>&e;</a>");
        assert_eq!(
            (worst("a.pmml", &text), worst("a.xml", &text)),
            (Some(Severity::Medium), None),
            "{hidden}"
        );
    }
}

#[test]
fn inclusions_and_remote_style_sheets_are_mentioned() {
    let include = "<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='/etc/passwd'/></a>";
    assert_eq!(worst("a.xml", include), Some(Severity::Medium));
    assert_eq!(
        worst("a.xml", "<?xml-stylesheet type='text/xsl' href='http://h/x'?><a/>"),
        Some(Severity::Medium)
    );
    assert_eq!(worst("a.xml", "<?xml-stylesheet href='x.css'?><a/>"), Some(Severity::Low));
}

#[test]
fn what_is_no_whole_document_is_a_gap() {
    for text in ["<a><b></a", "<a>", "<a b=c d></a>"] {
        assert!(
            !inspect(&Xml, "a.xml", text.as_bytes().to_vec()).inspection.coverage.is_complete(),
            "{text}"
        );
    }
    assert!(inspect(&Xml, "a.xml", &b"<a><b/></a>"[..]).inspection.coverage.is_complete());
    let deep = "<a>".repeat(20_000);
    assert!(!inspect(&Xml, "a.xml", deep.into_bytes()).inspection.coverage.is_complete());
}

#[test]
fn damage_is_survived() {
    let text = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e SYSTEM 'f'><!ENTITY % p '&#37;x;'>%p;]><a b='&e;'><!-- c --><![CDATA[x]]>é</a>";
    survives(&Xml, "a.xml", text.as_bytes());
}
