//! Licences as declared, and as the SPDX list calls them.

/// A declared licence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Licence {
    /// An identifier of the SPDX list, spelled as there.
    Id(String),
    /// A valid SPDX expression.
    Expression(String),
    /// Anything else.
    Name(String),
}

impl Licence {
    /// Hubs write identifiers in lower case: `apache-2.0` is `Apache-2.0`.
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.trim();
        let known =
            spdx::identifiers::LICENSES.iter().find(|licence| licence.name.eq_ignore_ascii_case(declared));
        if let Some(licence) = known {
            return Self::Id(licence.name.to_owned());
        }
        match declared.contains(' ').then(|| spdx::Expression::parse(declared)) {
            Some(Ok(_)) => Self::Expression(declared.to_owned()),
            _ => Self::Name(declared.to_owned()),
        }
    }

    /// An SPDX expression for it; a custom licence becomes a reference.
    pub(super) fn expression(&self) -> String {
        match self {
            Self::Id(text) | Self::Expression(text) => text.clone(),
            Self::Name(text) => {
                let name: String = text
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '-' })
                    .collect();
                format!("LicenseRef-{}", if name.is_empty() { "unnamed" } else { &name })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_the_list_are_spelled_as_there_and_others_keep_their_name() {
        assert_eq!(Licence::of("apache-2.0"), Licence::Id("Apache-2.0".into()));
        assert_eq!(Licence::of("MIT OR Apache-2.0"), Licence::Expression("MIT OR Apache-2.0".into()));
        assert_eq!(Licence::of("llama3"), Licence::Name("llama3".into()));
        assert_eq!(Licence::of("My own licence").expression(), "LicenseRef-My-own-licence");
    }
}
