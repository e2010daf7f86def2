//! Inspectors.

use bartizan_core::{Asset, Budget, Content, Context, Inspector, Limits, Options, Probe};

/// Names of configuration files, one of each form; the first byte of the data chooses.
const CONFIGURATION: &[&str] = &[
    "Dockerfile",
    "compose.yml",
    "values.yaml",
    ".github/workflows/ci.yml",
    "config.toml",
    ".env",
    "requirements.txt",
    "uv.lock",
    "Pipfile",
    "Pipfile.lock",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "environment.yml",
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "mcp.json",
    "serve.sh",
    "Makefile",
    "x.prompty",
    "Modelfile",
];

/// The inspector of a kind, with a name that suits it.
pub(crate) struct Driven {
    inspector: Box<dyn Inspector>,
    name: String,
}

fn inspectors() -> Vec<Box<dyn Inspector>> {
    let mut inspectors = bartizan_models::inspectors();
    inspectors.extend(bartizan_code::inspectors());
    inspectors.extend(bartizan_iac::inspectors(bartizan_iac::terraform::Settings::default()));
    inspectors
}

pub(crate) fn kinds() -> Vec<&'static str> {
    let found = inspectors();
    found.iter().filter(|inspector| !inspector.rules().is_empty()).map(|inspector| inspector.kind().name()).collect()
}

impl Driven {
    pub(crate) fn of(kind: &str) -> Self {
        let inspector = inspectors()
            .into_iter()
            .find(|inspector| inspector.kind().name() == kind)
            .expect("an inspector of this kind");
        let extension = match kind {
            "hydra-config" | "yaml" => "yaml",
            "requirements" => "txt",
            "python" => "py",
            "terraform-file" => "tf",
            "model-card" => "md",
            _ => "bin",
        };
        Self { inspector, name: format!("model.{extension}") }
    }

    /// Identifies, inspects and describes `data` under tight limits.
    pub(crate) fn drive(&self, data: &[u8]) {
        let (name, data) = match data.split_first() {
            Some((first, rest)) if self.inspector.kind().name() == "configuration" => {
                (CONFIGURATION[usize::from(*first) % CONFIGURATION.len()], rest)
            }
            _ => (self.name.as_str(), data),
        };
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
            options: Options { deep: true, storages: true },
            budget: &Budget::default(),
            outlet: &|child| _ = child.content.head(4096),
            interrupt: &|| false,
        };
        let probe = Probe::new(&asset).expect("bytes in memory can be read");
        let _ = self.inspector.accepts(&probe);
        let _ = self.inspector.inspect(&asset, &context);
        let _ = self.inspector.describe(&asset, &context);
    }
}
