//! Turns noted calls into findings.

use bartizan_core::{Asset, Confidence, Finding, Rule, Severity, truncated};

use super::callables::{Capability, capability};
use super::rules;
use super::shell::{self, Command};
use super::value::{Known, Marks, Value, without_holes};
use super::walk::{Call, Found, Place};

/// Judges the calls of one file.
pub(super) struct Judge<'a> {
    pub(super) asset: &'a Asset,
    /// Why a loader imports this file by itself, when it does.
    pub(super) loaded_by: Option<&'a str>,
    /// Calls of code that was hidden in texts of this file.
    pub(super) hidden: bool,
}

impl Judge<'_> {
    /// All findings about the calls, gravest kind first per call.
    pub(super) fn findings(&self, found: &Found) -> Vec<Finding> {
        let mut findings = Vec::new();
        let downloads = downloaded_files(&found.calls);
        for call in &found.calls {
            findings.extend(self.call(call, &downloads));
        }
        findings.extend(self.reverse_shell(&found.calls));
        for (callee, arguments, line) in &found.reducers {
            findings.extend(self.reducer(callee, arguments, *line));
        }
        findings
    }

    fn call(&self, call: &Call, downloads: &[String]) -> Option<Finding> {
        if call.keyword("trust_remote_code").is_some_and(is_true) {
            let message = format!("lets the repository that `{}` loads run its own code", call.callee);
            return Some(self.finding(&rules::REMOTE_TRUST, call, message));
        }
        if call.callee.starts_with("file.") {
            return self.write(call);
        }
        match capability(&call.callee)? {
            Capability::Execute => self.execute(call),
            Capability::Shell | Capability::Process => self.process(call, downloads),
            Capability::Send => self.send(call).or_else(|| self.network(call)),
            Capability::Fetch => self.send(call).or_else(|| self.network(call)),
            Capability::FetchToFile | Capability::Connect => self.network(call),
            Capability::Deserialise => self.deserialise(call),
            Capability::Remove => self.remove(call),
            Capability::Native => {
                let message = format!("{} calls `{}` past Python's own functions", when(call), shown(call));
                Some(self.finding(&rules::NATIVE_CODE, call, message))
            }
            Capability::Library => self.library(call),
            Capability::Open | Capability::Duplicate => None,
        }
    }

    fn execute(&self, call: &Call) -> Option<Finding> {
        let code = call.arguments.first()?;
        let marks = code.all_marks();
        if marks.has(Marks::DOWNLOADED) {
            let message = format!("{} downloads code and runs it with `{}`", when(call), call.callee);
            return Some(self.finding(&rules::REMOTE_CODE, call, message));
        }
        if marks.has(Marks::DECODED) {
            let message = format!("{} decodes hidden code and runs it with `{}`", when(call), call.callee);
            return Some(self.finding(&rules::OBFUSCATED, call, message).evidence("code", code.shown()));
        }
        if marks.has(Marks::ASSEMBLED) {
            let message =
                format!("{} assembles code from pieces and runs it with `{}`", when(call), call.callee);
            let finding = self.finding(&rules::OBFUSCATED, call, message).severity(Severity::High);
            return Some(finding.evidence("code", code.shown()));
        }
        let computed = match &code.value {
            Value::Text(_) | Value::Bytes(_) | Value::Int(_) => false,
            // Files of the project itself, as `exec(open("version.py").read())` does, and what the user typed.
            Value::Opaque(_) | Value::Instance(_) | Value::Name(_) => true,
            _ => return None,
        };
        let severity = if computed && self.loaded_by.is_some() { Severity::Medium } else { Severity::Low };
        let is_python =
            matches!(call.callee.as_str(), "builtins.exec" | "builtins.eval" | "builtins.execfile");
        if !is_python && severity < Severity::Medium {
            return None;
        }
        let message = format!("{} runs a computed text as Python: `{}`", when(call), shown(call));
        Some(
            self.finding(&rules::DYNAMIC_CODE, call, message)
                .severity(severity)
                .confidence(Confidence::Medium),
        )
    }

    fn process(&self, call: &Call, downloads: &[String]) -> Option<Finding> {
        let command = command(call);
        if let Some(first) = call.argument(0, "args") {
            let program = match &first.value {
                Value::Many(items) => items.first(),
                _ => Some(first),
            };
            let runs_download = program.is_some_and(|program| {
                program.marks.has(Marks::DOWNLOADED) && !matches!(program.value, Value::Text(_))
            });
            let runs_file =
                command.as_ref().is_some_and(|command| downloads.iter().any(|path| runs_path(command, path)));
            if runs_download || runs_file {
                let message = format!("{} downloads a program and runs it: `{}`", when(call), shown(call));
                return Some(self.finding(&rules::REMOTE_CODE, call, message));
            }
        }
        if call.marks.has(Marks::LOOKED_UP) && self.is_hidden(call) {
            let message = format!("{} calls `{}` through a looked-up name", when(call), shown(call));
            let made_up = call.marks.has(Marks::ASSEMBLED) || call.marks.has(Marks::DECODED);
            let runs_early = self.loaded_by.is_some() || call.place == Place::Import;
            let severity = if made_up || runs_early { Severity::High } else { Severity::Medium };
            return Some(self.finding(&rules::HIDDEN_CALL, call, message).severity(severity));
        }
        let judged = command.as_deref().map(shell::judge);
        let is_shell =
            capability(&call.callee) == Some(Capability::Shell) || call.keyword("shell").is_some_and(is_true);
        let loaded = self.loaded_by.is_some();
        let severity = match (judged, &call.place) {
            (Some(Command::Hostile(_)), Place::Deferred) => Severity::High,
            (Some(Command::Hostile(_)), _) => Severity::Critical,
            (Some(Command::Network), Place::Import) if loaded => Severity::High,
            (Some(Command::Network), Place::Loader(_)) if loaded => Severity::Medium,
            (Some(Command::Other), Place::Import) if loaded => Severity::High,
            (Some(Command::Other), Place::Loader(_)) if loaded && is_shell => Severity::High,
            (Some(Command::Other), Place::Loader(_)) if loaded => Severity::Medium,
            (None, Place::Import) if loaded => Severity::Medium,
            (Some(Command::Network | Command::Other), _) => Severity::Low,
            (Some(Command::Ordinary), _) | (None, _) if loaded || self.hidden => Severity::Low,
            _ => return None,
        };
        let severity = if self.hidden { severity.max(Severity::High) } else { severity };
        let what = match judged {
            Some(Command::Hostile(what)) => format!(", which {what}"),
            _ => String::new(),
        };
        let message = format!("{} starts a program: `{}`{what}", when(call), shown(call));
        Some(self.finding(&rules::PROCESS, call, message).severity(severity))
    }

    /// `__import__("os").system("clear")` in a script is odd, not hidden; anything else is.
    fn is_hidden(&self, call: &Call) -> bool {
        let ordinary = command(call).is_some_and(|command| shell::judge(&command) == Command::Ordinary);
        !ordinary || call.marks.has(Marks::ASSEMBLED) || call.marks.has(Marks::DECODED)
    }

    fn send(&self, call: &Call) -> Option<Finding> {
        // Credentials in headers are how every API client logs in; in a body or an address they are given away.
        let carried = call.arguments.iter().chain(
            call.keywords
                .iter()
                .filter(|(key, _)| {
                    matches!(key.as_str(), "data" | "json" | "params" | "files" | "content" | "url" | "body")
                })
                .map(|(_, value)| value),
        );
        let marks = carried.fold(Marks::NONE, |marks, value| marks.with(value.all_marks()));
        if marks.has(Marks::SECRET) {
            let message = format!(
                "{} reads the environment or a file of credentials and sends it out with `{}`",
                when(call),
                call.callee
            );
            return Some(self.finding(&rules::EXFILTRATION, call, message));
        }
        if marks.has(Marks::TOKEN) {
            let severity = if self.loaded_by.is_some() { Severity::High } else { Severity::Low };
            let message = format!(
                "{} puts a credential from the environment into the body or address of `{}`",
                when(call),
                call.callee
            );
            let finding = self.finding(&rules::EXFILTRATION, call, message).severity(severity);
            return Some(finding.confidence(Confidence::Medium));
        }
        None
    }

    fn network(&self, call: &Call) -> Option<Finding> {
        let lookup = matches!(
            call.callee.as_str(),
            "socket.gethostbyname" | "socket.getaddrinfo" | "urllib.request.Request"
        );
        if self.loaded_by.is_none() || call.place != Place::Import || lookup {
            return None;
        }
        let message = format!("{} connects to the network: `{}`", when(call), shown(call));
        Some(self.finding(&rules::NETWORK_ON_LOAD, call, message).confidence(Confidence::Medium))
    }

    fn deserialise(&self, call: &Call) -> Option<Finding> {
        let unsafe_here = match call.callee.as_str() {
            "torch.load" => call.keyword("weights_only").is_some_and(|known| !is_true(known)),
            "numpy.load" => call.keyword("allow_pickle").is_some_and(is_true),
            "yaml.load" | "yaml.load_all" => {
                let loader = call.argument(1, "Loader").and_then(Known::dotted).unwrap_or_default();
                !loader.contains("Safe") && !loader.contains("BaseLoader")
            }
            _ => true,
        };
        if !unsafe_here {
            return None;
        }
        let marks = call.arguments.first().map_or(Marks::NONE, Known::all_marks);
        let literal = call.arguments.first().is_some_and(|data| matches!(data.value, Value::Bytes(_)));
        let severity = match (literal, marks.has(Marks::DOWNLOADED)) {
            // Nobody writes a pickle down by hand to load it.
            (true, _) if call.place == Place::Import => Severity::High,
            (true, _) | (_, true) => Severity::Medium,
            _ => Severity::Low,
        };
        let message = if literal {
            format!(
                "{} loads data that is written in the source with `{}`, which can run code",
                when(call),
                call.callee
            )
        } else if marks.has(Marks::DOWNLOADED) {
            format!("{} downloads data and loads it with `{}`, which can run code", when(call), call.callee)
        } else {
            format!("{} loads data with `{}`, which can run code", when(call), call.callee)
        };
        Some(
            self.finding(&rules::DESERIALISATION, call, message)
                .severity(severity)
                .confidence(Confidence::Medium),
        )
    }

    /// Native code that comes with the repository, loaded when the repository's Python is.
    fn library(&self, call: &Call) -> Option<Finding> {
        let path = call.arguments.first()?.literal()?;
        // A bare name is looked up among the system's libraries.
        let is_own = path.contains(['/', '\\']) && !path.starts_with("/usr/") && !path.starts_with("/lib");
        if !is_own || self.loaded_by.is_none() || call.place != Place::Import {
            return None;
        }
        let message = format!("{} loads the native library `{}`", when(call), truncated(path, 80));
        Some(self.finding(&rules::NATIVE_CODE, call, message).confidence(Confidence::Medium))
    }

    fn write(&self, call: &Call) -> Option<Finding> {
        let Some(Value::Text(path)) = call.arguments.first().map(|path| &path.value) else { return None };
        let shown_path = without_holes(path);
        if STARTUP_FILES.iter().any(|part| path.contains(part)) {
            let message = format!("{} writes to `{}`, which runs at start or log-in", when(call), shown_path);
            return Some(self.finding(&rules::PERSISTENCE, call, message).evidence("path", &shown_path));
        }
        if self.loaded_by.is_some() && call.place == Place::Import {
            let message = format!("{} writes `{}`", when(call), truncated(&shown_path, 80));
            let finding = self.finding(&rules::WRITE_ON_LOAD, call, message).evidence("path", &shown_path);
            return Some(finding.confidence(Confidence::Medium));
        }
        None
    }

    fn remove(&self, call: &Call) -> Option<Finding> {
        let path = call.arguments.first()?;
        if path
            .literal()
            .is_some_and(|path| matches!(path, "/" | "~" | "~/" | "C:\\" | "C:/" | "/home" | "/etc" | "/*"))
        {
            let message = format!("{} removes everything in reach: `{}`", when(call), shown(call));
            return Some(self.finding(&rules::DESTRUCTIVE, call, message));
        }
        None
    }

    fn reducer(&self, callee: &str, arguments: &[Known], line: u32) -> Option<Finding> {
        let dangerous = matches!(
            capability(callee)?,
            Capability::Execute | Capability::Shell | Capability::Process | Capability::Native
        );
        dangerous.then(|| {
            let call = Call {
                callee: callee.to_owned(),
                marks: Marks::NONE,
                arguments: arguments.to_vec(),
                keywords: Vec::new(),
                line,
                place: Place::Deferred,
            };
            let message =
                format!("an object of this class, once pickled, runs `{}` when it is loaded", shown(&call));
            self.finding(&rules::REDUCE_GADGET, &call, message)
        })
    }

    /// A connection, descriptors attached to it, and a program started: the three parts of a reverse shell.
    fn reverse_shell(&self, calls: &[Call]) -> Option<Finding> {
        let with = |wanted: Capability| calls.iter().find(|call| capability(&call.callee) == Some(wanted));
        let connect = with(Capability::Connect)?;
        with(Capability::Duplicate)?;
        let start = calls
            .iter()
            .find(|call| matches!(capability(&call.callee), Some(Capability::Process | Capability::Shell)))?;
        let message = format!(
            "{} opens a reverse shell: it connects with `{}`, attaches its streams and runs `{}`",
            when(start),
            shown(connect),
            shown(start)
        );
        Some(self.finding(&rules::REVERSE_SHELL, start, message).evidence("connects", shown(connect)))
    }

    fn finding(&self, rule: &'static Rule, call: &Call, message: String) -> Finding {
        let mut finding =
            Finding::new(rule, self.asset, message).line(call.line).evidence("callee", &call.callee);
        for argument in call.arguments.iter().take(3) {
            finding = finding.evidence("argument", argument.shown());
        }
        if let Some(reason) = self.loaded_by {
            finding = finding.evidence("loaded-by", reason);
        }
        finding
    }
}

/// Parts of paths that run, or let someone in, at start or log-in.
const STARTUP_FILES: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".zshrc",
    ".zprofile",
    "/.profile",
    "authorized_keys",
    "/etc/cron",
    "/etc/profile",
    "/etc/rc.local",
    "/etc/systemd/system",
    ".config/systemd/user",
    ".config/autostart",
    "LaunchAgents",
    "LaunchDaemons",
    "Programs\\Startup",
    "Programs/Startup",
    "sitecustomize.py",
    "usercustomize.py",
    "/etc/ld.so.preload",
    "/etc/sudoers",
];

fn is_true(known: &Known) -> bool {
    matches!(known.value, Value::Int(1))
}

/// The command line of a call that starts a program, as text with holes.
fn command(call: &Call) -> Option<String> {
    // os.execl("/bin/sh", "sh", …), os.spawnv(mode, path, args)
    if call.callee.starts_with("os.spawn")
        || call.callee.starts_with("os.exec")
        || call.callee.starts_with("os.posix_spawn")
    {
        let skipped = usize::from(call.callee.starts_with("os.spawn"));
        let parts: Vec<_> = call.arguments.iter().skip(skipped).map(flat).collect();
        return Some(parts.join(" "));
    }
    let first = call.argument(0, "args").or_else(|| call.keyword("cmd"))?;
    match &first.value {
        Value::Text(text) => Some(text.clone()),
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Many(_) if call.callee.starts_with("asyncio.") => None,
        Value::Many(items) => {
            let program = items.first()?;
            // A program that is not known says nothing, whatever its arguments are.
            if matches!(program.value, Value::Opaque(_)) { None } else { Some(flat(first)) }
        }
        _ => None,
    }
}

fn flat(known: &Known) -> String {
    match &known.value {
        Value::Many(items) => items.iter().map(Known::piece).collect::<Vec<_>>().join(" "),
        _ => known.piece(),
    }
}

/// Paths that a download was written to.
fn downloaded_files(calls: &[Call]) -> Vec<String> {
    let mut paths = Vec::new();
    for call in calls {
        let path = match call.callee.as_str() {
            "urllib.request.urlretrieve" | "urllib.urlretrieve" => call.argument(1, "filename"),
            "wget.download" => call.argument(1, "out"),
            name if name.starts_with("file.") => {
                let content = call.arguments.get(1);
                content
                    .filter(|content| content.all_marks().has(Marks::DOWNLOADED))
                    .and(call.arguments.first())
            }
            _ => None,
        };
        let piece = path.map(Known::piece).filter(|piece| piece.len() > 2);
        paths.extend(piece);
    }
    paths
}

/// Does the command run this path: as its program, or as the script of an interpreter?
fn runs_path(command: &str, path: &str) -> bool {
    command.split(['|', ';', '&', '\n']).any(|segment| {
        let mut words = segment.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        match words.next() {
            Some(first) if first == path => true,
            Some("python" | "python3" | "sh" | "bash" | "sudo" | "perl" | "node" | "./") => {
                words.find(|word| !word.starts_with('-')).is_some_and(|word| word == path)
            }
            Some(first) => first.strip_prefix("./").is_some_and(|first| first == path),
            None => false,
        }
    })
}

fn when(call: &Call) -> String {
    match &call.place {
        Place::Import => "when it is imported, this file".to_owned(),
        Place::Loader(function) => format!("when it is loaded or used (`{function}`), this file"),
        Place::Deferred => "this file".to_owned(),
    }
}

fn shown(call: &Call) -> String {
    let arguments: Vec<_> = call.arguments.iter().take(4).map(Known::shown).collect();
    truncated(&format!("{}({})", call.callee.trim_start_matches("builtins."), arguments.join(", ")), 160)
}
