//! The `git` program, kept on a short leash: no hooks, no configuration of the system, no transport but those named,
//! no prompts, no shell.

use std::{
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use bartizan_core::Content;

use super::found::{Reach, SourceError};
use crate::source;

/// Most bytes of a listing.
const LISTING: u64 = 512 << 20;

/// A command with everything switched off that a hostile repository or environment could make it do. `protocols` is
/// what it may fetch by, separated by colons.
pub(crate) fn command(protocols: &str) -> Command {
    let mut command = Command::new("git");
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_COUNT",
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_TEMPLATE_DIR",
        "GIT_TRACE",
    ] {
        command.env_remove(name);
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_ALLOW_PROTOCOL", protocols)
        .env("LC_ALL", "C")
        .args(["--no-pager", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
        .args(["-c", "core.askPass=", "-c", "protocol.ext.allow=never"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if std::env::var_os("GIT_SSH_COMMAND").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
    }
    command
}

/// A repository on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    folder: PathBuf,
}

impl Repository {
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// A command that reads this repository and nothing above it. git's own check of who owns it applies.
    pub(crate) fn command(&self) -> Command {
        let mut command = command("none");
        if let Some(parent) = self.folder.parent() {
            command.env("GIT_CEILING_DIRECTORIES", parent);
        }
        command.arg("-C").arg(&self.folder);
        command
    }

    /// What a command prints.
    pub(crate) fn read(&self, arguments: &[&str], reach: &Reach) -> Result<Vec<u8>, SourceError> {
        let mut command = self.command();
        command.args(arguments);
        run(command, reach)
    }
}

/// Runs git to its end, or until the time is over, and gives what it printed.
pub(crate) fn run(mut command: Command, reach: &Reach) -> Result<Vec<u8>, SourceError> {
    let mut child = spawn(&mut command)?;
    let out = child.stdout.take();
    let err = child.stderr.take();
    std::thread::scope(|scope| {
        let out = scope.spawn(move || capped(out, LISTING));
        let err = scope.spawn(move || capped(err, 64 << 10));
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if reach.is_over() {
                let _ = child.kill();
                let _ = child.wait();
                return Err(SourceError::Unreachable(
                    "git did not end in the time for this source".to_owned(),
                ));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let printed =
            out.join().map_err(|_| SourceError::Unreachable("git's output was lost".to_owned()))??;
        if status.success() {
            return Ok(printed);
        }
        let said = err.join().ok().and_then(Result::ok).unwrap_or_default();
        Err(SourceError::Unreachable(format!("git says: {}", complaint(&said))))
    })
}

fn spawn(command: &mut Command) -> Result<Child, SourceError> {
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SourceError::Unreachable(
            "the program `git` is not installed, which reading git repositories needs".to_owned(),
        ),
        _ => SourceError::Unreachable(format!("git cannot be started: {error}")),
    })
}

/// Everything that comes, up to a limit; the rest is read and dropped, so that the writer does not wait for ever.
fn capped(stream: Option<impl Read>, most: u64) -> io::Result<Vec<u8>> {
    let Some(mut stream) = stream else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    (&mut stream).take(most).read_to_end(&mut bytes)?;
    if io::copy(&mut stream, &mut io::sink())? > 0 {
        return Err(io::Error::other(format!("git prints more than {most} bytes")));
    }
    Ok(bytes)
}

/// What git complains about, without credentials, on one line.
fn complaint(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect();
    let text = lines.join(" / ");
    bartizan_core::redacted(&text)
}

/// One `git cat-file --batch`, which many readers share.
pub(crate) struct Blobs {
    running: Mutex<Option<Running>>,
    repository: Repository,
    reach: Reach,
}

struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Blobs {
    pub(crate) fn of(repository: &Repository, reach: &Reach) -> Self {
        Self { running: Mutex::new(None), repository: repository.clone(), reach: reach.clone() }
    }

    /// The content of a blob.
    pub(crate) fn content(&self, id: &str) -> io::Result<Content> {
        let mut running =
            self.running.lock().map_err(|_| io::Error::other("another thread failed while reading"))?;
        if running.is_none() {
            *running = Some(self.start()?);
        }
        let Some(process) = running.as_mut() else { return Err(io::Error::other("git cannot be started")) };
        let content = answer(process, id, &self.reach);
        if content.is_err() {
            // Nobody knows how much of the answer is still to come.
            *running = None;
        }
        content
    }

    fn start(&self) -> io::Result<Running> {
        let mut command = self.repository.command();
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut child = spawn(&mut command).map_err(io::Error::other)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Running { child, input, output: BufReader::new(output) }),
            _ => Err(io::Error::other("git has no input or output")),
        }
    }
}

/// `ID blob SIZE\n`, the content, and a line feed.
fn answer(process: &mut Running, id: &str, reach: &Reach) -> io::Result<Content> {
    process.input.write_all(format!("{id}\n").as_bytes())?;
    process.input.flush()?;
    let mut head = String::new();
    (&mut process.output).take(1000).read_line(&mut head)?;
    let size = match head.split_whitespace().collect::<Vec<_>>().as_slice() {
        [_, "blob", size] => size.parse::<u64>().ok(),
        _ => None,
    };
    let size =
        size.ok_or_else(|| io::Error::other("git does not have the object: is the clone complete?"))?;
    let mut blob = (&mut process.output).take(size);
    let content = source::spool(&mut blob, reach.held.min(16 << 20), &reach.cancel)?;
    if content.len() != size {
        return Err(io::Error::other("git ended in the middle of an object"));
    }
    let mut end = [0];
    process.output.read_exact(&mut end)?;
    Ok(content)
}
