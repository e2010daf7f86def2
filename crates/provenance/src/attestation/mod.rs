//! Attestations: in-toto statements about an asset, and the policy that demands them.
