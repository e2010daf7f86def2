//! JavaScript and TypeScript source, read for what it uses: models, services, agents, tools, vector stores.
//!
//! Nothing is judged here but that; the source is parsed, never run.

use bartizan_core::{Asset, Claim, Context, Inspection, Inspector, Kind, Probe, Rule};

use crate::usage::{
    self,
    catalogue::Catalogue,
    collect,
    javascript::{Grammar, program},
};

/// Reads JavaScript and TypeScript.
#[derive(Debug)]
pub struct JavascriptInspector;

/// Larger files are bundles that a program made of other files.
const LARGEST: u64 = 4 << 20;
/// Lines of people are shorter; files of longer ones, above this size, are bundles too.
const LONGEST_LINES: usize = 500;
const BUNDLE: usize = 64 << 10;

impl Inspector for JavascriptInspector {
    fn kind(&self) -> Kind {
        Kind::new("javascript")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        usage::rules::ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.extension_is(&["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"]);
        // `.ts` is also a film, and a translation in XML. Others claim source code by its name alone.
        let is_code = !probe.head.contains(&0) && probe.first_visible() != Some(b'<');
        if named && is_code { Claim::Shape } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let name = asset.path.name();
        // Declarations use nothing, and generated bundles repeat what the sources say.
        if name.ends_with(".d.ts") || name.contains(".min.") || asset.content.len() > LARGEST {
            return inspection;
        }
        let bytes = match asset.content.whole(LARGEST.min(context.limits.held)) {
            Ok(bytes) => bytes,
            Err(error) => {
                inspection.coverage.miss(format!("the source could not be read: {error}"));
                return inspection;
            }
        };
        let source = String::from_utf8_lossy(&bytes);
        if is_bundle(&source) {
            return inspection;
        }
        let settings = usage::is_settings_file(name);
        if !(settings || Catalogue::get().concerns(&source)) {
            return inspection;
        }
        let grammar = match asset.path.extension().as_str() {
            "ts" | "mts" | "cts" => Grammar::TypeScript,
            _ => Grammar::Elements,
        };
        let interrupted = || context.interrupted();
        let Some(program) = program(&source, grammar, &interrupted) else {
            inspection.coverage.miss("the time allowed ran out before the source was parsed");
            return inspection;
        };
        let mut found = collect::usages(&program, true, &interrupted);
        if settings {
            collect::settings(&program, true, &mut found);
        }
        found.tell(asset, &mut inspection);
        inspection
    }
}

fn is_bundle(source: &str) -> bool {
    let lines = memchr::memchr_iter(b'\n', source.as_bytes()).count().max(1);
    source.len() > BUNDLE && source.len().checked_div(lines).is_some_and(|average| average > LONGEST_LINES)
}
