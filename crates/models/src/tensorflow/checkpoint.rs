//! TensorFlow checkpoints: an `.index` that names tensors, and `.data-00000-of-00001` shards of raw numbers.
//!
//! The index is a table of LevelDB (<https://github.com/google/leveldb/blob/main/doc/table_format.md>), whose last eight
//! bytes are its magic number. The first key is empty: the header. Shards have no structure of their own. Neither holds
//! anything that runs.

use bartizan_core::{Asset, Claim, Context, Fact, Inspection, Inspector, Kind, Model, Probe, Rule};

/// Names checkpoints.
#[derive(Debug)]
pub(crate) struct Checkpoint;

/// The last eight bytes of a table.
const MAGIC: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();

/// `model.data-00000-of-00001`.
fn is_shard(name: &str) -> bool {
    let Some((_, numbers)) = name.rsplit_once(".data-") else { return false };
    let digits = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.split_once("-of-").is_some_and(|(shard, shards)| digits(shard) && digits(shards))
}

impl Inspector for Checkpoint {
    fn kind(&self) -> Kind {
        Kind::new("tensorflow-checkpoint")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let table = probe.tail().ends_with(&MAGIC);
        // An entry whose key shares nothing with the one before, and is empty.
        let header = probe.starts_with(b"\0\0");
        match (probe.extension_is(&["index"]), header) {
            (true, _) if table => Claim::Certain,
            (_, true) if table => Claim::Shape,
            (true, true) => Claim::Name,
            _ if is_shard(probe.name()) && !probe.is_empty() => Claim::Name,
            _ => Claim::No,
        }
    }

    fn inspect(&self, _asset: &Asset, _context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let framework = Some("tensorflow".to_owned());
        inspection.know(Fact::Model(Model { framework, ..Model::of("tensorflow-checkpoint") }));
        inspection
    }
}
