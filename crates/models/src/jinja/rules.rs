//! What can be found in a template.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const INJECTION: Taxonomy = Taxonomy { cwe: &["CWE-1336", "CWE-94"], ..Taxonomy::UNSAFE_ARTEFACT };

const FIX: &str = "Do not render this template. Take the chat template from the model's original publisher, and render \
                   templates only in a sandboxed environment.";

const SSTI: &str = "https://owasp.org/www-project-web-security-testing-guide/stable/4-Web_Application_Security_Testing/07-Input_Validation_Testing/18-Testing_for_Server-side_Template_Injection";

pub(super) static SANDBOX_ESCAPE: Rule = Rule {
    id: "jinja/sandbox-escape",
    title: "Template reaches the interpreter's internals",
    severity: Severity::Critical,
    category: Category::TemplateInjection,
    why: "From the class of any value, Python's internals lead to every loaded module. A renderer without a sandbox \
          then runs whatever the template says; chat templates are rendered as soon as the model is used.",
    fix: FIX,
    references: &["CVE-2024-34359", "GHSA-56xg-wfcc-g829", SSTI],
    taxonomy: INJECTION,
};

pub(super) static CODE_EXECUTION: Rule = Rule {
    id: "jinja/code-execution",
    title: "Template calls a function that runs code or commands",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "The template calls a function by which Python runs code or starts programs. No chat template needs one.",
    fix: FIX,
    references: &["CVE-2024-34359", "GHSA-56xg-wfcc-g829"],
    taxonomy: INJECTION,
};

pub(super) static HIDDEN_NAME: Rule = Rule {
    id: "jinja/hidden-name",
    title: "Template puts the name of an internal together from pieces",
    severity: Severity::High,
    category: Category::TemplateInjection,
    why: "The name of an interpreter internal is spelled by character codes or joined from parts, so that a search for \
          it finds nothing. There is no innocent reason to.",
    fix: FIX,
    references: &[SSTI],
    taxonomy: INJECTION,
};

pub(super) static DYNAMIC_ATTRIBUTE: Rule = Rule {
    id: "jinja/dynamic-attribute",
    title: "Template looks up attributes by computed names",
    severity: Severity::High,
    category: Category::TemplateInjection,
    why: "`attr` with a computed name, `getattr`, `globals` and their like reach any attribute while hiding which. \
          Sandboxes have been left this way before.",
    fix: FIX,
    references: &["CVE-2025-27516", "GHSA-cpwx-vrp4-4pq7"],
    taxonomy: INJECTION,
};

pub(super) static PRIVATE_ATTRIBUTE: Rule = Rule {
    id: "jinja/private-attribute",
    title: "Template reads a private attribute",
    severity: Severity::Medium,
    category: Category::TemplateInjection,
    why: "Attributes that begin with an underscore are not for templates: a sandbox refuses them, and renderers without \
          one may be led to internals by them.",
    fix: "Find out what the attribute is, or take the template from the model's original publisher.",
    references: &[SSTI],
    taxonomy: INJECTION,
};

pub(super) static SECRET_ACCESS: Rule = Rule {
    id: "jinja/secret-access",
    title: "Template reads settings or the environment",
    severity: Severity::High,
    category: Category::TemplateInjection,
    why: "The template reaches for the configuration of the web application that renders it, or for the environment of \
          its process, where keys and passwords are kept.",
    fix: FIX,
    references: &[SSTI],
    taxonomy: INJECTION,
};

pub(super) static FILE_ACCESS: Rule = Rule {
    id: "jinja/file-access",
    title: "Template opens files",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "The template opens a file, or loads another template from outside its own folder; what it finds there goes \
          to the model or to whoever wrote the template.",
    fix: FIX,
    references: &[SSTI],
    taxonomy: INJECTION,
};

pub(super) static NETWORK_ACCESS: Rule = Rule {
    id: "jinja/network-access",
    title: "Template opens a connection",
    severity: Severity::High,
    category: Category::NetworkAccess,
    why: "The template calls a function that connects to another machine, which can carry prompts away.",
    fix: FIX,
    references: &[SSTI],
    taxonomy: INJECTION,
};

pub(super) static CONTENT_TRIGGER: Rule = Rule {
    id: "jinja/content-trigger",
    title: "Template adds an address or script when the user writes certain words",
    severity: Severity::Medium,
    category: Category::TemplateInjection,
    why: "A chat template sees every message. One that adds a link or a script only when certain words occur changes \
          what the model is told, or what the user is shown, without touching the weights: a template backdoor.",
    fix: "Compare the template with the one of the model's original publisher.",
    references: &[],
    taxonomy: INJECTION,
};

pub(super) static RESOURCE: Rule = Rule {
    id: "jinja/resource-exhaustion",
    title: "Template takes very long to render",
    severity: Severity::Medium,
    category: Category::ResourceExhaustion,
    why: "The template loops or repeats text millions of times, which stalls the server that renders it.",
    fix: FIX,
    references: &[],
    taxonomy: Taxonomy::DENIAL_OF_SERVICE,
};

pub(super) static UNKNOWN_FUNCTION: Rule = Rule {
    id: "jinja/unknown-function",
    title: "Template calls a function that common renderers do not provide",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "The template works only where someone provides this function; what it does is not part of the template.",
    fix: "Find out which program the template is written for.",
    references: &[],
    taxonomy: INJECTION,
};

pub(super) static LOADS_TEMPLATE: Rule = Rule {
    id: "jinja/loads-template",
    title: "Template loads another template",
    severity: Severity::Info,
    category: Category::SupplyChain,
    why: "What is rendered depends on another file, which has to be looked at as well.",
    fix: "Scan the other template too.",
    references: &[],
    taxonomy: INJECTION,
};

/// Every rule of this module.
pub(crate) static ALL: &[&Rule] = &[
    &SANDBOX_ESCAPE,
    &CODE_EXECUTION,
    &HIDDEN_NAME,
    &DYNAMIC_ATTRIBUTE,
    &PRIVATE_ATTRIBUTE,
    &SECRET_ACCESS,
    &FILE_ACCESS,
    &NETWORK_ACCESS,
    &CONTENT_TRIGGER,
    &RESOURCE,
    &UNKNOWN_FUNCTION,
    &LOADS_TEMPLATE,
];
