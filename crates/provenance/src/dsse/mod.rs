//! DSSE envelopes: what is signed, by which keys.
