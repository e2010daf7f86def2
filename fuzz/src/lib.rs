//! Drives one inspector with arbitrary bytes.

use std::sync::LazyLock;

use bartizan_core::{Asset, Budget, Content, Context, Inspector, Limits, Options, Probe};

/// The kind whose inspector is driven: `BARTIZAN_FUZZ`.
static INSPECTOR: LazyLock<(Box<dyn Inspector>, String)> = LazyLock::new(|| {
    let kind =
        std::env::var("BARTIZAN_FUZZ").expect("BARTIZAN_FUZZ names a kind; `cargo xtask fuzz KIND` sets it");
    let mut inspectors = bartizan_models::inspectors();
    inspectors.extend(bartizan_code::inspectors());
    let inspector = inspectors
        .into_iter()
        .find(|inspector| inspector.kind().name() == kind)
        .expect("an inspector of this kind");
    let extension = match kind.as_str() {
        "hydra-config" | "yaml" => "yaml",
        "requirements" => "txt",
        "python" => "py",
        "model-card" => "md",
        _ => "bin",
    };
    (inspector, format!("model.{extension}"))
});

/// Identifies, inspects and describes `data` as that inspector would, under tight limits.
///
/// # Panics
/// When there is no such inspector, or when it panics: that is what fuzzing looks for.
pub fn drive(data: &[u8]) {
    let (inspector, name) = &*INSPECTOR;
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
    let context = Context {
        limits: &limits,
        options: Options { deep: true },
        budget: &Budget::default(),
        outlet: &|child| _ = child.content.head(4096),
        interrupt: &|| false,
    };
    let probe = Probe::new(&asset).expect("bytes in memory can be read");
    let _ = inspector.accepts(&probe);
    let _ = inspector.inspect(&asset, &context);
    let _ = inspector.describe(&asset, &context);
}
