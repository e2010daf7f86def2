//! When two names are the same.

use x509_cert::{
    attr::AttributeTypeAndValue,
    der::{
        Encode as _,
        asn1::{Ia5StringRef, PrintableStringRef, Utf8StringRef},
    },
    name::Name,
};

/// Names compare without regard to case, white space and string type (RFC 5280, section 7.1).
pub(super) fn is_same(one: &Name, other: &Name) -> bool {
    canonical(one) == canonical(other)
}

fn canonical(name: &Name) -> Vec<Vec<(String, Vec<u8>)>> {
    name.iter_rdn()
        .map(|set| {
            let mut attributes: Vec<_> =
                set.iter().map(|attribute| (attribute.oid.to_string(), value(attribute))).collect();
            attributes.sort();
            attributes
        })
        .collect()
}

fn value(attribute: &AttributeTypeAndValue) -> Vec<u8> {
    let any = &attribute.value;
    let text = any
        .decode_as::<Utf8StringRef<'_>>()
        .map(|text| text.as_str().to_owned())
        .or_else(|_| any.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned()))
        .or_else(|_| any.decode_as::<Ia5StringRef<'_>>().map(|text| text.as_str().to_owned()));
    match text {
        Ok(text) => text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ").into_bytes(),
        Err(_) => any.to_der().unwrap_or_default(),
    }
}
