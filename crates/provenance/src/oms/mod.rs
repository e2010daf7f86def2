//! OpenSSF model signing (OMS): manifests of digests, signed as one statement.
