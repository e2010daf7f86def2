//! A folder of its own for each test, and the program run in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use assert_cmd::cargo::cargo_bin_cmd;

/// Runs `os.system('echo hi')` when it is loaded.
pub(crate) const EVIL: &[u8] = b"cos\nsystem\n(S'echo hi'\ntR.";
/// An empty dictionary.
pub(crate) const GOOD: &[u8] = b"\x80\x04}.";
/// An empty dictionary without its end.
pub(crate) const CUT: &[u8] = b"\x80\x04}";
/// Refers to an object outside it: suspicious (medium), not malicious.
pub(crate) const ODD: &[u8] = b"\x80\x04X\x03\0\0\0abcQ.";

pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Sandbox {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        for (name, bytes) in files {
            sandbox.put(name, bytes);
        }
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program, about to run in the folder, with nothing of the surroundings that would change what it prints.
    pub(crate) fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = cargo_bin_cmd!("bartizan");
        command.current_dir(self.folder.path()).args(arguments);
        command.env("XDG_CACHE_HOME", self.path(".cache"));
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        outcome(&mut self.command(arguments))
    }

    /// The names in the folder and below it, with when each was last written to.
    pub(crate) fn listing(&self) -> BTreeMap<PathBuf, SystemTime> {
        let mut listing = BTreeMap::new();
        let mut waiting = vec![self.folder.path().to_owned()];
        while let Some(folder) = waiting.pop() {
            listing.insert(folder.clone(), modified(&folder));
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                listing.insert(path.clone(), modified(&path));
                if path.is_dir() {
                    waiting.push(path);
                }
            }
        }
        listing
    }
}

fn modified(path: &Path) -> SystemTime {
    fs::symlink_metadata(path).unwrap().modified().unwrap()
}

pub(crate) fn outcome(command: &mut assert_cmd::Command) -> Outcome {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Outcome {
        code: output.status.code().expect("it was not killed"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A ZIP archive of stored members (APPNOTE 4.3.7, 4.3.12, 4.3.16).
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, bytes) in members {
        let offset = archive.len() as u32;
        let mut shared = Vec::new();
        shared.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        shared.extend(crc32(bytes).to_le_bytes());
        shared.extend([(bytes.len() as u32).to_le_bytes(); 2].concat());
        shared.extend((name.len() as u16).to_le_bytes());
        shared.extend([0, 0]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&shared);
        archive.extend(name.as_bytes());
        archive.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&shared);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, size) = (archive.len() as u32, directory.len() as u32);
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([(members.len() as u16).to_le_bytes(); 2].concat());
    archive.extend(size.to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

/// The checksum of ISO 3309, as ZIP uses it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
