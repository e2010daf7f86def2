//! From what the machine recorded to facts, findings and coverage.

use bartizan_core::{
    Asset, Confidence, Context, Fact, Finding, Import, Inspection, Metadata, Model, Severity, UseKind,
    printable, truncated,
};

use super::{
    JOBLIB, Streams, TORCH_LEGACY,
    grade::{Grade, grade},
    machine::{End, Machine},
    names::{Name, Origin},
    nested, rules,
    value::Value,
};

pub(super) fn report(
    asset: &Asset,
    context: &Context<'_>,
    machine: &mut Machine<'_>,
    streams: &Streams,
) -> Inspection {
    let mut inspection = Inspection::new();
    inspection.kind = if streams.is_legacy_torch {
        Some(TORCH_LEGACY)
    } else if machine.arrays.0 > 0 {
        Some(JOBLIB)
    } else {
        None
    };
    uses(asset, machine, &mut inspection);
    oddities(asset, machine, &mut inspection);
    ends(asset, machine, streams, &mut inspection);
    children(asset, context, machine, &mut inspection);
    facts(asset, machine, streams, &mut inspection);
    inspection
}

fn uses(asset: &Asset, machine: &Machine<'_>, inspection: &mut Inspection) {
    for name in machine.names.iter() {
        if let Some(grade) = grade(name, &machine.names) {
            inspection.find(finding(asset, name, grade));
        }
    }
    if machine.names.omitted > 0 {
        inspection.coverage.miss(format!("{} more different names than are followed", machine.names.omitted));
    }
}

/// The use that says most: a call before a mere reference.
fn finding(asset: &Asset, name: &Name, grade: Grade) -> Finding {
    let rank = |how: UseKind| match how {
        UseKind::Assign | UseKind::Insert => 0,
        UseKind::Call | UseKind::Instance => 1,
        UseKind::New => 2,
        UseKind::Build => 3,
        UseKind::Plugin | UseKind::Reference => 4,
    };
    let used = name.uses.iter().min_by_key(|used| rank(used.how));
    let qualified = printable(&truncated(&name.qualified(), 200));
    let arguments = used.map(|used| used.arguments.join(", ")).unwrap_or_default();
    let shown = bartizan_core::redacted(&arguments);
    let act = match used.map(|used| used.how) {
        Some(UseKind::Call | UseKind::Instance) if name.origin == Origin::Computed => {
            format!("on load, this file calls something whose name it computes, with ({shown})")
        }
        Some(UseKind::Call | UseKind::Instance) => format!("on load, this file runs `{qualified}({shown})`"),
        Some(UseKind::New) => format!("on load, this file makes an instance of `{qualified}`"),
        Some(UseKind::Assign) => {
            format!("on load, this file sets attributes of `{qualified}` itself: {shown}")
        }
        Some(UseKind::Insert) => format!("on load, this file puts items into `{qualified}`: {shown}"),
        _ => format!("on load, this file imports `{qualified}`"),
    };
    let message = match grade.does {
        Some(does) => format!("{act}, which {does}"),
        None => act,
    };
    let mut finding = Finding::new(grade.rule, asset, message)
        .severity(grade.severity)
        .confidence(grade.confidence)
        .offset(used.map_or(name.offset, |used| used.offset))
        .evidence("callee", &qualified);
    if let Some(used) = used {
        finding = finding.evidence("use", use_name(used.how));
        for argument in used.arguments.iter().take(4) {
            finding = finding.evidence("argument", argument);
        }
    }
    if let Some(reference) = advisory(&name.qualified()) {
        finding = finding.reference(reference);
    }
    finding
}

/// Advisories about scanners that missed this very callable.
fn advisory(qualified: &str) -> Option<&'static str> {
    Some(match qualified {
        "pip.main" | "pip._internal.main" | "pip._internal.cli.main.main" => "CVE-2025-1716",
        "numpy.f2py.crackfortran.getlincoef" => "GHSA-r8g5-cgf2-4m4m",
        "pty.spawn" => "GHSA-vqmv-47xg-9wpr",
        "torch.utils.collect_env.run" => "GHSA-f745-w6jp-hpxx",
        "pydoc.locate" | "operator.methodcaller" => "GHSA-84r2-jw7c-4r5q",
        "pkgutil.resolve_name" => "GHSA-vvpj-8cmc-gx39",
        "ensurepip._run_pip" => "GHSA-xp4f-hrf8-rxw7",
        "doctest.debug_script" => "GHSA-fqq6-7vqf-w3fg",
        "code.InteractiveInterpreter.runcode" => "GHSA-cj3c-v495-4xqh",
        "uuid._get_command_stdout" | "imaplib.IMAP4_stream" => "CVE-2026-56315",
        "logging.FileHandler" => "CVE-2026-56304",
        _ => return None,
    })
}

pub(super) fn use_name(how: UseKind) -> &'static str {
    match how {
        UseKind::Reference => "reference",
        UseKind::Call => "call",
        UseKind::New => "new",
        UseKind::Instance => "instance",
        UseKind::Build => "build",
        UseKind::Assign => "assign",
        UseKind::Insert => "insert",
        UseKind::Plugin => "plugin",
    }
}

fn oddities(asset: &Asset, machine: &Machine<'_>, inspection: &mut Inspection) {
    let odd = &machine.oddities;
    if let Some((offset, protocol)) = odd.protocol {
        inspection.find(
            Finding::new(
                &rules::UNKNOWN_PROTOCOL,
                asset,
                format!("the pickle claims protocol {protocol}; the newest is 5"),
            )
            .offset(offset)
            .evidence("protocol", protocol.to_string()),
        );
    }
    if let Some(offset) = odd.hidden_load {
        let message = "on load, this file loads a checkpoint from bytes that it computes, so that they cannot be inspected";
        inspection.find(
            Finding::new(&rules::UNSAFE_LOAD, asset, message)
                .severity(Severity::High)
                .confidence(Confidence::Medium)
                .offset(offset)
                .evidence("callee", "torch.storage._load_from_bytes"),
        );
    }
    if let Some(offset) = odd.persistent {
        inspection.find(
            Finding::new(
                &rules::PERSISTENT_ID,
                asset,
                "the pickle refers to an object by a persistent id that is not PyTorch's",
            )
            .confidence(Confidence::Medium)
            .offset(offset),
        );
    }
    let attacks = [
        (odd.lying_length, "a literal claims {} bytes, far more than the file holds"),
        (odd.memo_bomb, "a memo index of {} makes the loader allocate a table of that size"),
        (odd.multiplied, "shared references multiply to {} elements"),
        (odd.allocation, "a call allocates {} bytes"),
        (
            odd.long_number.map(|at| (at, 100_000)),
            "a number of more than {} decimal digits takes quadratic time to read",
        ),
    ];
    for (found, text) in attacks {
        if let Some((offset, amount)) = found {
            inspection.find(
                Finding::new(&rules::RESOURCE_ATTACK, asset, text.replace("{}", &amount.to_string()))
                    .offset(offset)
                    .evidence("amount", amount.to_string()),
            );
        }
    }
}

fn ends(asset: &Asset, machine: &Machine<'_>, streams: &Streams, inspection: &mut Inspection) {
    // What was found in the part that ran says whether a break looks like an accident.
    let worst = inspection.findings.iter().map(|finding| finding.severity).max();
    for stream in &streams.streams {
        let (what, is_truncated) = match &stream.end {
            End::Stop(_) => continue,
            End::Truncated => ("the pickle ends before its STOP".to_owned(), true),
            End::Broken(why) => (format!("the pickle cannot be read further: {why}"), false),
            End::Limit(limit) => {
                inspection.coverage.miss_at(stream.until, limit.clone());
                continue;
            }
        };
        inspection.coverage.miss_at(stream.until, what.clone());
        let severity = match worst {
            Some(Severity::High | Severity::Critical) => Severity::High,
            Some(Severity::Medium) => Severity::Medium,
            // A download that broke off before anything ran is an accident; a wrong opcode after valid ones rarely is.
            _ if is_truncated && machine.names.calls.is_empty() => Severity::Low,
            // Only the name said that it is a pickle.
            _ if machine.opcodes < 3 && machine.highest_protocol == 0 => Severity::Low,
            _ => Severity::Medium,
        };
        inspection.find(
            Finding::new(&rules::BROKEN_STREAM, asset, what)
                .severity(severity)
                .confidence(Confidence::Medium)
                .offset(stream.until),
        );
    }
    if let Some(error) = machine.source.failure() {
        inspection.coverage.miss(error.to_string());
    }
    if let Some((offset, length)) = streams.trailing {
        inspection.find(
            Finding::new(
                &rules::TRAILING_DATA,
                asset,
                format!("{length} bytes follow the end of the pickle"),
            )
            .offset(offset),
        );
    }
}

/// Literals that are pickles or archives themselves become members.
fn children(asset: &Asset, context: &Context<'_>, machine: &Machine<'_>, inspection: &mut Inspection) {
    const MOST: usize = 256;
    let mut emitted = 0;
    for literal in &machine.literals {
        let Some((encoding, content)) = nested::decode(*literal, machine.source.content(), context.limits)
        else {
            continue;
        };
        if encoding != "bytes" && context.expand(content.len()).is_err() {
            inspection.coverage.miss_at(literal.offset, "the budget for decoded literals is used up");
            return;
        }
        if !literal.is_loaded && !nested::is_worth_a_look(&content, context) {
            continue;
        }
        emitted += 1;
        if emitted > MOST {
            inspection
                .coverage
                .miss_at(literal.offset, format!("more than {MOST} pickles among the literals"));
            return;
        }
        // What `torch.load` gets is a checkpoint; the name keeps it from being taken for anything else.
        let suffix = if literal.is_loaded { ".pt" } else { "" };
        let name = format!("literal@{}{suffix}", literal.offset);
        inspection.find(
            Finding::new(
                &rules::NESTED_PICKLE,
                asset,
                format!("a literal ({encoding}) holds serialised data of its own"),
            )
            .offset(literal.offset)
            .evidence("encoding", encoding),
        );
        if let Err(limit) = context.emit(asset.child(&name, content)) {
            inspection.coverage.miss_at(literal.offset, limit.to_string());
            return;
        }
    }
}

fn facts(asset: &Asset, machine: &mut Machine<'_>, streams: &Streams, inspection: &mut Inspection) {
    let tensors: Vec<_> =
        std::mem::take(&mut machine.storages.tensors).into_iter().map(|(tensor, _)| tensor).collect();
    let mut model = Model::of(if streams.is_legacy_torch { "torch-legacy" } else { "pickle" });
    model.format_version = Some(machine.highest_protocol.to_string());
    model.framework = framework(machine, !tensors.is_empty());
    model.framework_version = machine
        .versions
        .iter()
        .find(|(key, _)| *key == "_sklearn_version")
        .map(|(_, version)| version.clone());
    let root = streams.streams.iter().rev().find_map(|stream| match &stream.end {
        End::Stop(value) => match value.unpack() {
            Value::Object(id) | Value::Result(id) => machine.names.get(id),
            _ => None,
        },
        _ => None,
    });
    model.architecture = root.map(|root| root.name.clone());
    if !tensors.is_empty() {
        model.parameters = tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?));
    }
    inspection.know(Fact::Model(model));
    for (key, version) in &machine.versions {
        inspection.know(Fact::Metadata(Metadata::new(key, version)));
    }
    for name in machine.names.iter().filter(|name| name.origin == Origin::Import).take(1000) {
        let mut uses: Vec<UseKind> = name.uses.iter().map(|used| used.how).collect();
        uses.sort_unstable();
        inspection.know(Fact::Import(Import {
            module: printable(&name.module),
            name: printable(&name.name),
            uses,
            offset: Some(name.offset),
            count: name.count,
        }));
    }
    if !tensors.is_empty() || machine.storages.omitted > 0 {
        inspection.know(Fact::Tensors { tensors, omitted: machine.storages.omitted });
    }
    let _ = asset;
}

/// The framework whose names dominate.
fn framework(machine: &Machine<'_>, has_tensors: bool) -> Option<String> {
    const KNOWN: [(&str, &str); 9] = [
        ("sklearn", "scikit-learn"),
        ("xgboost", "xgboost"),
        ("lightgbm", "lightgbm"),
        ("catboost", "catboost"),
        ("statsmodels", "statsmodels"),
        ("transformers", "transformers"),
        ("torch", "pytorch"),
        ("keras", "keras"),
        ("pandas", "pandas"),
    ];
    let uses = |top: &str| machine.names.iter().any(|name| name.module.split('.').next() == Some(top));
    KNOWN
        .iter()
        .find(|(top, _)| uses(top))
        .map(|(_, framework)| (*framework).to_owned())
        .or_else(|| has_tensors.then(|| "pytorch".to_owned()))
}
