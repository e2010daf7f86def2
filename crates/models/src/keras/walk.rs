//! Goes through every serialised object of a model's configuration.

use std::collections::BTreeMap;

use bartizan_core::{
    Asset, Context, Direction, Fact, Finding, Import, Inspection, Port, Severity, UseKind, redacted,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    Loader, marshal,
    names::{self, Origin},
    rules,
};
use crate::json::{Node, Value};

/// The most inputs that are told.
const MOST_INPUTS: usize = 1000;

/// Goes through the document and judges each object.
pub(crate) fn judge(root: &Node, asset: &Asset, loader: Loader, context: &Context<'_>) -> Inspection {
    let mut walk = Walk {
        asset,
        loader,
        context,
        inspection: Inspection::new(),
        imports: BTreeMap::new(),
        inside: Vec::new(),
    };
    walk.node(root);
    for ((module, name), count) in std::mem::take(&mut walk.imports) {
        let import = Import {
            module: redacted(&module),
            name: redacted(&name),
            uses: vec![UseKind::Plugin],
            offset: None,
            count,
        };
        walk.inspection.know(Fact::Import(import));
    }
    walk.inspection
}

/// One serialised object.
struct Object<'a> {
    module: &'a str,
    class: &'a str,
    registered: &'a str,
    config: &'a Node,
    line: u32,
}

struct Walk<'a> {
    asset: &'a Asset,
    loader: Loader,
    context: &'a Context<'a>,
    inspection: Inspection,
    imports: BTreeMap<(String, String), u64>,
    /// Classes that enclose the present one, outermost first.
    inside: Vec<String>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.node(item)),
            Value::Object(pairs) => {
                let mut named = None;
                // Of a key given twice, either value may be the one that counts.
                for class in pairs.iter().filter(|(key, _)| key == "class_name").filter_map(|(_, n)| n.text())
                {
                    self.object(node, class);
                    named = Some(class);
                }
                if let Some(class) = named {
                    self.inside.push(class.to_owned());
                }
                pairs.iter().for_each(|(_, value)| self.node(value));
                if named.is_some() {
                    self.inside.pop();
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, node: &Node, class: &str) {
        let Some(config) =
            node.get("config").or_else(|| node.get("module")).or_else(|| node.get("registered_name"))
        else {
            return;
        };
        for module in node.pairs().iter().filter(|(key, _)| key == "module").map(|(_, node)| node.text()) {
            self.judge(&Object {
                module: module.unwrap_or(""),
                class,
                registered: node.text_of("registered_name").unwrap_or(""),
                config,
                line: node.line,
            });
        }
        if node.get("module").is_none() {
            let registered = node.text_of("registered_name").unwrap_or("");
            self.judge(&Object { module: "", class, registered, config, line: node.line });
        }
    }

    /// What goes into the model: the shape's first size is the batch's.
    fn input(&mut self, config: &Node) {
        if self.inspection.facts.len() >= MOST_INPUTS {
            return;
        }
        let shape = ["batch_shape", "batch_input_shape"].iter().find_map(|key| config.get(key));
        let size = |size: &Node| size.scalar().map_or_else(|| "?".to_owned(), |size| redacted(&size));
        let dtype = config.get("dtype");
        let dtype = dtype.and_then(|dtype| dtype.text().or_else(|| dtype.get("config")?.text_of("name")));
        self.inspection.know(Fact::Port(Port {
            direction: Direction::Input,
            name: config.text_of("name").map(redacted).unwrap_or_default(),
            dtype: dtype.map(redacted),
            shape: shape.map(Node::items).unwrap_or_default().iter().take(64).map(size).collect(),
        }));
    }

    fn judge(&mut self, object: &Object<'_>) {
        let function = matches!(object.class, "function" | "builtin_function_or_method" | "method" | "type");
        let name = if function { function_name(object.config) } else { object.class };
        let origin = names::origin(object.module);
        if origin != Origin::Keras && (function || origin != Origin::Builtins) {
            let count = self.imports.entry((object.module.to_owned(), name.to_owned())).or_default();
            *count = count.saturating_add(1);
        }
        let last = object.class.rsplit(['.', '>']).next().unwrap_or_default();
        match last {
            "__lambda__" => return self.code(object, object.config),
            "Lambda" | "SlicingOpLambda_" => self.lambda(object),
            "TorchModuleWrapper" | "TFSMLayer" => self.artefact(object),
            "InputLayer" => self.input(object.config),
            _ => {}
        }
        match origin {
            Origin::Keras | Origin::Companion if names::climbs_out(object.module, name) => {
                self.find(&rules::DANGEROUS_MODULE, object, name, rules::DANGEROUS_MODULE.severity);
            }
            Origin::Dangerous => {
                self.find(&rules::DANGEROUS_MODULE, object, name, rules::DANGEROUS_MODULE.severity)
            }
            Origin::Builtins if function && names::DANGEROUS_BUILTINS.contains(&name) => {
                self.find(&rules::DANGEROUS_MODULE, object, name, Severity::Critical);
            }
            Origin::Builtins if names::DANGEROUS_BUILTINS.contains(&last) => {
                self.find(&rules::DANGEROUS_MODULE, object, name, Severity::Critical);
            }
            Origin::Keras | Origin::Companion if names::is_gadget(object.module, name, function) => {
                self.find(&rules::KERAS_GADGET, object, name, Severity::Critical);
            }
            Origin::Unknown if function => {
                self.find(&rules::FOREIGN_FUNCTION, object, name, Severity::Critical)
            }
            Origin::Unknown => self.find(&rules::UNKNOWN_MODULE, object, name, Severity::Medium),
            Origin::Main | Origin::Companion => self.find(&rules::CUSTOM_OBJECT, object, name, Severity::Low),
            Origin::Builtins if function => self.find(&rules::CUSTOM_OBJECT, object, name, Severity::Low),
            _ if object.registered.contains('>') || object.class.contains('>') => {
                self.find(&rules::CUSTOM_OBJECT, object, name, Severity::Low);
            }
            _ => {}
        }
        if matches!(last, "StringLookup" | "IntegerLookup" | "TextVectorization" | "IndexLookup" | "Hashing")
        {
            self.vocabulary(object);
        }
    }

    fn find(
        &mut self,
        rule: &'static bartizan_core::Rule,
        object: &Object<'_>,
        name: &str,
        severity: Severity,
    ) {
        let module = if object.module.is_empty() { "no module" } else { object.module };
        let what = format!("`{}` of `{}`", redacted(name), redacted(module));
        let message = match rule.id {
            "keras/custom-object" => format!("the model needs {what}, which is not part of Keras"),
            "keras/unknown-module" => format!("on load, the model imports {what}"),
            "keras/internal-function" => format!("on load, the model reaches {what}, a tool of Keras itself"),
            _ => format!("on load, the model imports {what} and can call it with arguments from the file"),
        };
        self.push(Finding::new(rule, self.asset, message).severity(severity), object, name);
    }

    fn push(&mut self, finding: Finding, object: &Object<'_>, name: &str) {
        let mut finding = finding.evidence("class", name).evidence("module", object.module);
        if !self.inside.is_empty() {
            finding = finding.evidence("inside", self.inside.join(" > "));
        }
        finding = match self.loader {
            Loader::V3 => finding.line(object.line),
            Loader::Hdf5 => finding.evidence("attribute", "model_config"),
            Loader::SavedModel => finding.evidence("attribute", "keras_metadata"),
        };
        if self.inspection.findings.len() < self.context.limits.findings {
            self.inspection.find(finding);
        }
    }

    fn lambda(&mut self, object: &Object<'_>) {
        let function = object.config.get("function");
        match function.map(|function| &function.value) {
            // Before Keras 3: [code, defaults, closure].
            Some(Value::List(items)) if items.first().and_then(Node::text).is_some() => {
                if let Some(code) = items.first() {
                    self.code(object, code);
                }
            }
            Some(Value::Text(text))
                if object.config.text_of("function_type") == Some("lambda") || text.len() > 64 =>
            {
                if let Some(code) = function {
                    self.code(object, code);
                }
            }
            // A function of Keras, called by the layer, does what that function does.
            Some(Value::Object(_)) if function.is_some_and(is_keras_function) => {}
            // The code below is judged when the walk comes to it.
            Some(Value::Object(_))
                if function.is_some_and(|f| f.text_of("class_name") == Some("__lambda__")) => {}
            _ => {
                let shown = function.and_then(Node::scalar).unwrap_or_default();
                let message = match shown.is_empty() {
                    true => "a Lambda layer calls a function from outside the model".to_owned(),
                    false => format!("a Lambda layer calls the function `{}`", redacted(&shown)),
                };
                self.push(
                    Finding::new(&rules::LAMBDA, self.asset, message).evidence("function", shown),
                    object,
                    "Lambda",
                );
            }
        }
    }

    /// A marshalled function: in `config`, in its `code`, or the text itself.
    fn code(&mut self, object: &Object<'_>, place: &Node) {
        let text = place.text().or_else(|| place.text_of("code")).unwrap_or_default();
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).take(4 << 20).collect();
        let found = STANDARD.decode(&compact).map(|bytes| marshal::mentions(&bytes)).unwrap_or_default();
        let said = if found.names.is_empty() {
            String::new()
        } else {
            let names = found.names.iter().take(12).map(|name| format!("`{}`", redacted(name)));
            format!(" that uses {}", names.collect::<Vec<_>>().join(", "))
        };
        let when = match self.loader {
            Loader::V3 => "unless safe mode stops it",
            Loader::Hdf5 => "safe mode or not: HDF5 loaders ignored it until Keras 3.11.3",
            Loader::SavedModel => "by `keras.models.load_model` of Keras 2",
        };
        let message = format!(
            "a Lambda layer carries Python bytecode{said}; it runs when the model is loaded or called, {when}"
        );
        let mut finding = Finding::new(&rules::LAMBDA_CODE, self.asset, message);
        for constant in found.texts.iter().filter(|text| !text.is_empty()).take(4) {
            finding = finding.evidence("constant", constant);
        }
        if !found.names.is_empty() {
            finding = finding.evidence("names", found.names.join(" "));
        }
        if !found.complete {
            self.inspection.coverage.miss("the bytecode of a Lambda layer could not be read to its end");
        }
        self.push(finding, object, "Lambda");
    }

    fn artefact(&mut self, object: &Object<'_>) {
        let target = object.config.text_of("filepath").unwrap_or_default();
        let message = match object.class {
            "TFSMLayer" => format!("on load, a layer loads the SavedModel `{}`", redacted(target)),
            _ => "on load, a layer unpickles a PyTorch module".to_owned(),
        };
        self.push(
            Finding::new(&rules::FOREIGN_ARTEFACT, self.asset, message).evidence("target", target),
            object,
            object.class,
        );
    }

    fn vocabulary(&mut self, object: &Object<'_>) {
        for key in ["vocabulary", "idf_weights", "file", "vocabulary_file"] {
            let Some(path) = object.config.text_of(key).filter(|path| !path.is_empty()) else { continue };
            let message =
                format!("on load, the layer `{}` reads `{}`", redacted(object.class), redacted(path));
            let finding =
                Finding::new(&rules::FILE_REFERENCE, self.asset, message).evidence(key_label(key), path);
            self.push(finding, object, object.class);
        }
    }
}

fn key_label(key: &str) -> &'static str {
    if key == "idf_weights" { "idf-weights" } else { "vocabulary" }
}

fn function_name(config: &Node) -> &str {
    config.text().or_else(|| config.text_of("name")).or_else(|| config.text_of("fn")).unwrap_or("")
}

fn is_keras_function(node: &Node) -> bool {
    let module = node.text_of("module").unwrap_or("");
    let name = node.get("config").map_or("", function_name);
    node.text_of("class_name") == Some("function")
        && !module.is_empty()
        && names::origin(module) == Origin::Keras
        && !names::is_gadget(module, name, true)
}
