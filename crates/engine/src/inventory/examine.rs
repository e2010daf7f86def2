//! From a thing at a place to what the inventory says of it.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use bartizan_core::{Asset, Content, Options};

use super::{
    classify,
    found::{Found, Reach},
    lfs,
    record::{AssetKind, ContentDigest, FactSummary, Record, is_hex},
    sync::{Problem, ProblemKind},
};
use crate::{
    all_inspectors, digest,
    dispatch::{Dispatcher, Record as Inspected, Run},
};

/// What became of one thing.
pub(crate) enum Examined {
    /// It is an asset; members of a container come with it.
    Asset(Vec<Record>),
    /// It is none.
    Other,
}

/// Looks at things.
pub(crate) struct Examiner<'a> {
    pub(crate) dispatcher: Dispatcher<'a>,
    pub(crate) reach: &'a Reach,
    pub(crate) source: &'a str,
    pub(crate) now: &'a str,
    /// Read content to learn its digest?
    pub(crate) digests: bool,
    /// Read content even where its digest is stated, to compare?
    pub(crate) paranoid: bool,
    /// Seconds for the inspection of one thing.
    pub(crate) seconds: u64,
}

impl<'a> Examiner<'a> {
    pub(crate) fn new(
        limits: &'a bartizan_core::Limits,
        reach: &'a Reach,
        source: &'a str,
        now: &'a str,
        digests: bool,
        paranoid: bool,
    ) -> Self {
        let dispatcher = Dispatcher {
            inspectors: all_inspectors(),
            limits,
            options: Options::default(),
            digests,
            watch: None,
        };
        Self { dispatcher, reach, source, now, digests, paranoid, seconds: limits.seconds }
    }

    /// Looks at one thing. The second value is what is wrong with it.
    pub(crate) fn examine(&self, found: &Found) -> Result<(Examined, Option<Problem>), Problem> {
        let Some(open) = &found.open else {
            let kind = found.kind.or_else(|| classify::by_name(&found.path));
            return Ok((kind.map_or(Examined::Other, |kind| self.unread(found, kind)), None));
        };
        let unreadable =
            |reason: String| Problem::new(ProblemKind::Unreadable, self.source, &found.uri, reason);
        let opened = open().map_err(|error| unreadable(format!("it cannot be opened: {error}")))?;
        if let Some(pointer) = lfs::pointer(&opened.content) {
            let mut record = self.record(found, classify::by_name(&found.path).unwrap_or(AssetKind::File));
            record.digest = Some(pointer.digest);
            record.size = Some(pointer.size);
            record.pointer = true;
            return Ok((Examined::Asset(vec![record]), None));
        }
        let mut run = Run::new(self.seconds, &self.reach.cancel);
        run.digest_up_to = Some(0);
        run.member_digest_up_to = u64::MAX;
        let mut asset = Asset::new(&found.path, opened.content.clone());
        asset.siblings.clone_from(&found.siblings);
        let mut inspected = self.dispatcher.examine(&mut asset, &run).into_iter();
        let Some(own) = inspected.next() else { return Ok((Examined::Other, None)) };
        let members: Vec<Record> = if classify::is_carrier(&own) {
            inspected.filter_map(|member| self.member(found, &member)).collect()
        } else {
            Vec::new()
        };
        let kind = found.kind.or_else(|| classify::classify(&own));
        let (Some(kind), facts) = (kind, classify::summary(&own)) else {
            return Ok(if members.is_empty() {
                (Examined::Other, None)
            } else {
                (Examined::Asset(members), None)
            });
        };
        let mut record = self.record(found, kind);
        record.facts.fill(&facts);
        record.size = Some(opened.content.len());
        let problem = self.digest(found, &opened.content, &mut record).map_err(unreadable)?;
        if let Some(change) = opened.witness.and_then(|witness| witness.change()) {
            return Err(unreadable(change));
        }
        let mut records = vec![record];
        records.extend(members);
        Ok((Examined::Asset(records), problem))
    }

    /// Digests the content where that is needed, and compares it with what its place says.
    fn digest(
        &self,
        found: &Found,
        content: &Content,
        record: &mut Record,
    ) -> Result<Option<Problem>, String> {
        let known = found.declared.as_ref().is_some_and(ContentDigest::is_sha256);
        let check = found.check && self.digests || self.paranoid;
        if !(check || self.digests && !known) {
            return Ok(None);
        }
        let digested = digest::sha256(content, &|| self.reach.is_over())
            .map_err(|error| format!("it cannot be read to its end: {error}"))?
            .ok_or_else(|| "the time for this source ran out while it was read".to_owned())?;
        if digested.bytes != content.len() {
            return Err(format!("it ends after {} of {} bytes", digested.bytes, content.len()));
        }
        let actual = ContentDigest::sha256(&digested.sha256);
        let mismatch = match &found.declared {
            Some(declared) if check && declared.is_sha256() => {
                (actual.as_ref() != Some(declared)).then(|| (declared.value.clone(), digested.sha256.clone()))
            }
            Some(declared) if check && declared.algorithm == "git-sha1" && is_hex(&declared.value, 40) => {
                let sha1 = git_sha1(content, self.reach)?;
                (sha1 != declared.value).then(|| (declared.value.clone(), sha1))
            }
            _ => None,
        };
        record.digest = actual;
        record.was_read = true;
        Ok(mismatch.map(|(declared, actual)| {
            let reason = format!("its place says that its digest is {declared}, its content has {actual}");
            record.problem = Some(reason.clone());
            Problem::new(ProblemKind::Mismatch, self.source, &found.uri, reason)
        }))
    }

    /// An asset whose content cannot be had.
    fn unread(&self, found: &Found, kind: AssetKind) -> Examined {
        Examined::Asset(vec![self.record(found, kind)])
    }

    fn record(&self, found: &Found, kind: AssetKind) -> Record {
        let name = found.path.rsplit('/').next().unwrap_or_default().to_owned();
        Record {
            source: self.source.to_owned(),
            uri: found.uri.clone(),
            version: found.version.clone(),
            name,
            kind,
            size: found.size,
            digest: found.declared.clone(),
            facts: found.facts.clone(),
            token: found.token.clone(),
            member_of: None,
            copy_of: None,
            pointer: found.pointer,
            problem: None,
            was_read: false,
            first_seen: self.now.to_owned(),
            last_seen: self.now.to_owned(),
            missing: None,
        }
    }

    /// A member of a container, if it is an asset.
    fn member(&self, found: &Found, member: &Inspected) -> Option<Record> {
        let inner = member.path.get(found.path.len()..).filter(|inner| inner.starts_with('!'))?;
        let kind = classify::classify(member)?;
        let name = member.path.rsplit(['/', '!']).next().unwrap_or_default().to_owned();
        Some(Record {
            uri: format!("{}{inner}", found.uri),
            name,
            size: Some(member.size),
            digest: member.sha256.as_deref().and_then(ContentDigest::sha256),
            facts: {
                let mut facts = classify::summary(member);
                facts.fill(&FactSummary { format: None, ..found.facts.clone() });
                facts
            },
            member_of: Some(found.uri.clone()),
            was_read: member.sha256.is_some(),
            pointer: false,
            ..self.record(found, kind)
        })
    }
}

/// The SHA-1 that git gives a blob: of `blob SIZE\0` and the content. It is a name here, not a protection.
fn git_sha1(content: &Content, reach: &Reach) -> Result<String, String> {
    use std::fmt::Write as _;
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(format!("blob {}\0", content.len()).as_bytes());
    let mut buffer = vec![0; 256 << 10];
    let mut at = 0u64;
    while at < content.len() {
        if reach.is_over() {
            return Err("the time for this source ran out while it was read".to_owned());
        }
        let count = content.read_at(at, &mut buffer).map_err(|error| error.to_string())?;
        if count == 0 {
            break;
        }
        context.update(buffer.get(..count).unwrap_or_default());
        at = at.saturating_add(count as u64);
    }
    Ok(context.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_digest_of_a_blob_is_the_one_that_git_gives_it() {
        let reach = Reach::new(&Arc::default(), 60, 1 << 20);
        // `printf 'hello\n' | git hash-object --stdin`
        let sha1 = git_sha1(&Content::from_bytes(&b"hello\n"[..]), &reach).unwrap();
        assert_eq!(sha1, "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
