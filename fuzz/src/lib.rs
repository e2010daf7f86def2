//! Drives one inspector with arbitrary bytes.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use bartizan_core::{Asset, Budget, Content, Context, Inspector, Limits, Options, Probe};

static INSPECTORS: LazyLock<Vec<Box<dyn Inspector>>> = LazyLock::new(bartizan_models::inspectors);

/// Identifies, inspects and describes `data` as the inspector of `kind` would, under tight limits.
///
/// # Panics
/// When no inspector is of that kind, or when the inspector panics: that is what fuzzing looks for.
pub fn drive(kind: &str, name: &str, data: &[u8]) {
    let inspector = INSPECTORS.iter().find(|inspector| inspector.kind().name() == kind).expect("an inspector of the kind");
    let asset = Asset::new(name, Content::from_bytes(data.to_vec()));
    let limits = Limits {
        opcodes: 1_000_000,
        memo: 1 << 20,
        stack: 1 << 20,
        expanded: 64 << 20,
        held: 16 << 20,
        members: 1000,
        rows: 100,
        ..Limits::default()
    };
    let emitted = AtomicU64::new(0);
    let budget = Budget::default();
    let outlet = |child: Asset| {
        emitted.fetch_add(child.content.len(), Ordering::Relaxed);
    };
    let context =
        Context { limits: &limits, options: Options { deep: true }, budget: &budget, outlet: &outlet, interrupt: &|| false };
    let probe = Probe::new(&asset).expect("bytes in memory can be read");
    let _ = inspector.accepts(&probe);
    let _ = inspector.inspect(&asset, &context);
    let _ = inspector.describe(&asset, &context);
}
