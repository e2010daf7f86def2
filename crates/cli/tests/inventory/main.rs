//! `bartizan inventory`, against folders, git repositories, and servers on loopback that speak as much of S3, of the OCI
//! distribution specification, of MLflow and of the hub's API as is needed.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

mod hostile;
mod local;
mod remote;
mod server;
mod systems;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// A folder with an inventory in it, and the program.
pub(crate) struct Workshop {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    pub(crate) fn with(mut self, variables: &[(&str, &str)]) -> Self {
        self.variables.extend(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan"));
        command.current_dir(self.folder.path()).arg("inventory").args(arguments);
        for name in
            ["HF_TOKEN", "HF_ENDPOINT", "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "XDG_DATA_HOME"]
        {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path().join("home")).envs(self.variables.iter().cloned());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("it was not killed");
        Outcome { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Adds a source, which must work.
    pub(crate) fn add(&self, arguments: &[&str]) {
        let added = self.run(&[&["add"], arguments].concat());
        assert_eq!(added.code, 0, "{added:?}");
    }

    /// Synchronises, and gives the report.
    pub(crate) fn sync(&self, code: i32) -> Value {
        let synced = self.run(&["sync", "--format", "json"]);
        assert_eq!(synced.code, code, "{synced:?}");
        synced.json()
    }

    pub(crate) fn list(&self) -> Vec<Value> {
        let listed = self.run(&["list", "--format", "json"]);
        assert_eq!(listed.code, 0, "{listed:?}");
        listed.json().as_array().unwrap().clone()
    }

    /// The asset with this content.
    pub(crate) fn asset(&self, bytes: &[u8]) -> Value {
        let wanted = sha256(bytes);
        let assets = self.list();
        let found: Vec<_> = assets.iter().filter(|asset| asset["sha256"] == wanted.as_str()).collect();
        assert_eq!(found.len(), 1, "{wanted} in {assets:#?}");
        found[0].clone()
    }
}

pub(crate) fn uris(asset: &Value) -> Vec<&str> {
    asset["locations"].as_array().unwrap().iter().map(|location| location["uri"].as_str().unwrap()).collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A safetensors file of one tensor; `seed` makes it another one.
pub(crate) fn model(seed: u8) -> Vec<u8> {
    let header =
        br#"{"__metadata__":{"format":"pt"},"weight":{"dtype":"F32","shape":[2,8],"data_offsets":[0,64]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend([seed; 64]);
    bytes
}

/// Runs git in a folder, with a user of its own.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=T", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The text of a git LFS pointer.
pub(crate) fn pointer(bytes: &[u8]) -> String {
    format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
        sha256(bytes),
        bytes.len()
    )
}
