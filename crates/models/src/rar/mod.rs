//! RAR archives: recognised, not read.
//!
//! The format has no open specification of its compression, and no loader of models reads it. What a RAR archive
//! holds is therefore unknown, and a file of which nothing is known is never clean.
//!
//! Signatures: <https://www.rarlab.com/technote.htm>

use bartizan_core::{Asset, Claim, Context, Inspection, Inspector, Kind, Probe, Rule};

/// Recognises RAR archives.
#[derive(Debug, Default)]
pub(crate) struct Rar;

impl Inspector for Rar {
    fn kind(&self) -> Kind {
        Kind::new("rar")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        // Version 1.5 to 4 ends with one zero byte, version 5 with 01 00.
        let is_rar = probe.starts_with(b"Rar!\x1a\x07\x00") || probe.starts_with(b"Rar!\x1a\x07\x01\x00");
        if is_rar { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, _: &Asset, _: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        inspection
            .coverage
            .miss("RAR archives are not unpacked; unpack it in a sandbox and scan its members");
        inspection
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::inspect;

    #[test]
    fn a_rar_archive_is_recognised_and_never_clean() {
        for signature in [&b"Rar!\x1a\x07\x00"[..], b"Rar!\x1a\x07\x01\x00"] {
            let outcome = inspect(&Rar, "a.bin", signature.to_vec());
            assert_eq!(outcome.claim, Claim::Certain);
            assert!(!outcome.inspection.coverage.is_complete());
        }
        assert_eq!(inspect(&Rar, "a.rar", b"Rar!".to_vec()).claim, Claim::No);
    }
}
