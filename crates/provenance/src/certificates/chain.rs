//! From a leaf to a trusted root.

use super::{Certificate, name::is_same};

/// Authorities between a leaf and its root; OpenSSL allows 100, nobody has more than three.
const LONGEST: usize = 10;
/// Signatures that are checked before a set of certificates that all bear the same name is given up on.
const MOST_CHECKS: usize = 200;

/// Why no chain was found, said of the certificate where the search came farthest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChainError(pub String);

/// The certificates from `leaf` up to one of `roots` that signed itself, all of them valid at `time` (seconds since
/// 1970). Certificates between them come from `others` or from `roots`.
///
/// # Errors
/// When there is no such chain.
pub fn chain<'a>(
    leaf: &'a Certificate,
    others: &'a [Certificate],
    roots: &'a [Certificate],
    time: u64,
) -> Result<Vec<&'a Certificate>, ChainError> {
    let mut search = Search { others, roots, time, checks: 0, farthest: 0, objection: String::new() };
    if !leaf.is_valid_at(time) {
        return Err(ChainError(format!("`{}` is not valid at the time of the signature", leaf.subject())));
    }
    if leaf.has_unknown_constraint() {
        return Err(ChainError(format!(
            "`{}` has a critical extension that is not supported",
            leaf.subject()
        )));
    }
    let mut path = vec![leaf];
    if search.climb(&mut path) { Ok(path) } else { Err(ChainError(search.objection)) }
}

struct Search<'a> {
    others: &'a [Certificate],
    roots: &'a [Certificate],
    time: u64,
    checks: usize,
    farthest: usize,
    objection: String,
}

impl<'a> Search<'a> {
    fn climb(&mut self, path: &mut Vec<&'a Certificate>) -> bool {
        let Some(&current) = path.last() else { return false };
        if self.roots.contains(current) && current.is_self_signed() {
            return true;
        }
        self.object(path.len(), || {
            format!(
                "no trusted issuer `{}` of `{}`, neither among the given roots nor in the signature",
                current.issuer(),
                current.subject()
            )
        });
        if path.len() > LONGEST {
            self.object(path.len().saturating_add(1), || format!("the chain is longer than {LONGEST}"));
            return false;
        }
        let (roots, others) = (self.roots, self.others);
        for candidate in roots.iter().chain(others) {
            let is_named = is_same(
                candidate.parsed.tbs_certificate().subject(),
                current.parsed.tbs_certificate().issuer(),
            );
            if !is_named || path.contains(&candidate) || !self.has_issued(candidate, path) {
                continue;
            }
            path.push(candidate);
            if self.climb(path) {
                return true;
            }
            path.pop();
        }
        false
    }

    fn has_issued(&mut self, candidate: &Certificate, path: &[&Certificate]) -> bool {
        let Some(current) = path.last() else { return false };
        // Authorities that bear the name of their issuer do not count (RFC 5280, section 4.2.1.9).
        let below = path.iter().skip(1).filter(|authority| !authority.is_self_issued()).count();
        let objection = if self.checks >= MOST_CHECKS {
            Some("is one of too many of the same name")
        } else if let Some(objection) = candidate.objection_to_issuing(below) {
            Some(objection)
        } else if !candidate.is_valid_at(self.time) {
            Some("is not valid at the time of the signature, when the leaf's validity begins")
        } else if candidate.has_unknown_constraint() {
            Some("has a critical extension or name constraints, which are not supported")
        } else {
            self.checks = self.checks.saturating_add(1);
            (!candidate.has_signed(current))
                .then_some("did not sign it, or with an algorithm that is not accepted")
        };
        if let Some(objection) = objection {
            let text =
                || format!("the issuer `{}` of `{}` {objection}", candidate.subject(), current.subject());
            self.object(path.len().saturating_add(1), text);
        }
        objection.is_none()
    }

    /// Keeps what is said where the search came farthest.
    fn object(&mut self, depth: usize, text: impl FnOnce() -> String) {
        if depth > self.farthest {
            self.farthest = depth;
            self.objection = text();
        }
    }
}
