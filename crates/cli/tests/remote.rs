//! Remote targets, against a server on loopback that speaks as much of HTTP, of the hub's API and of S3 as is needed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use assert_cmd::Command;

const EVIL: &[u8] = b"cos\nsystem\n(S'echo harmless'\ntR.";

/// Files by path, and every request that was made: method, target and range.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

fn serve(files: Vec<(&'static str, Vec<u8>)>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (files, log) = (Arc::new(files), Arc::clone(&requests));
    // The thread ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (files, log) = (Arc::clone(&files), Arc::clone(&log));
            std::thread::spawn(move || while answer(&stream, &files, &log).is_some() {});
        }
    });
    Server { address, requests }
}

/// Answers one request; `None` when the client has gone.
fn answer(stream: &TcpStream, files: &[(&str, Vec<u8>)], log: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let (mut words, mut range) = (line.split(' '), None);
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            range = value.trim().strip_prefix("bytes=").map(str::to_owned);
        }
    }
    log.lock().unwrap().push(format!("{method} {target} {}", range.as_deref().unwrap_or("-")));
    let path = target.split('?').next()?;
    let (status, extra, body) = respond(path, range.as_deref(), files);
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: \"1\"\r\naccept-ranges: bytes\r\n\
         last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n{extra}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    if method != "HEAD" {
        stream.write_all(&body).ok()?;
    }
    Some(())
}

fn respond(path: &str, range: Option<&str>, files: &[(&str, Vec<u8>)]) -> (&'static str, String, Vec<u8>) {
    let each = |entry: &dyn Fn(&str, usize) -> String, separator: &str| {
        files.iter().map(|(name, bytes)| entry(name, bytes.len())).collect::<Vec<_>>().join(separator)
    };
    if path == "/api/models/org/model/tree/main" {
        let entry = |name: &str, size: usize| format!(r#"{{"type":"file","path":"{name}","size":{size}}}"#);
        return ("200 OK", String::new(), format!("[{}]", each(&entry, ",")).into());
    }
    if path.trim_end_matches('/') == "/bucket" {
        let entry = |name: &str, size: usize| {
            format!(
                "<Contents><Key>{name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                 <ETag>\"1\"</ETag><Size>{size}</Size></Contents>"
            )
        };
        let list = format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>",
            each(&entry, "")
        );
        return ("200 OK", "content-type: application/xml\r\n".into(), list.into());
    }
    let name =
        ["/org/model/resolve/main/", "/bucket/", "/files/"].iter().find_map(|root| path.strip_prefix(root));
    let Some((_, bytes)) = files.iter().find(|(known, _)| Some(*known) == name) else {
        return ("404 Not Found", String::new(), b"no".to_vec());
    };
    let Some((from, to)) = range.and_then(|range| range.split_once('-')) else {
        return ("200 OK", String::new(), bytes.clone());
    };
    let from: usize = from.parse().unwrap();
    let to = to.parse().map_or(bytes.len(), |to: usize| to + 1).min(bytes.len());
    let extra = format!("content-range: bytes {from}-{}/{}\r\n", to - 1, bytes.len());
    ("206 Partial Content", extra, bytes[from..to].to_vec())
}

fn bartizan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan"));
    command.env_remove("HF_TOKEN").args(["scan", "--no-config", "--format", "json"]);
    command
}

fn report(output: &std::process::Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn paths(report: &serde_json::Value) -> Vec<&str> {
    let assets = report["assets"].as_array().unwrap();
    assets
        .iter()
        .filter_map(|asset| asset["path"].as_str())
        .filter(|path| !path.ends_with("org/model"))
        .collect()
}

#[test]
fn a_hub_repository_is_read_with_the_endpoint_of_the_environment() {
    let server = serve(vec![("sub/model.pkl", EVIL.to_vec()), ("config.json", b"{}".to_vec())]);
    let output = bartizan().env("HF_ENDPOINT", &server.address).arg("hf://org/model").output().unwrap();
    let report = report(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(paths(&report).iter().any(|path| path.ends_with("sub/model.pkl")), "{report:#}");
    assert_eq!(report["verdict"], "malicious");
    let one = bartizan()
        .env("HF_ENDPOINT", &server.address)
        .arg("hf://org/model@main/config.json")
        .output()
        .unwrap();
    assert_eq!(one.status.code(), Some(0));
}

#[test]
fn a_bucket_is_listed_and_its_objects_are_read() {
    let server = serve(vec![("a/model.pkl", EVIL.to_vec()), ("b.txt", b"words".to_vec())]);
    let output = bartizan()
        .envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-west-1"),
        ])
        .envs([("AWS_ENDPOINT", server.address.as_str()), ("AWS_ALLOW_HTTP", "true")])
        .arg("s3://bucket")
        .output()
        .unwrap();
    assert_eq!(report(&output)["verdict"], "malicious");
    assert_eq!(output.status.code(), Some(1));
}

/// A large file of which only the header matters is read in ranges.
#[test]
fn only_the_parts_that_matter_are_fetched() {
    let header = br#"{"weight":{"dtype":"F32","shape":[4194304],"data_offsets":[0,16777216]}}"#;
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header);
    weights.resize(weights.len() + (16 << 20), 0);
    let server = serve(vec![("model.safetensors", weights)]);
    let target = format!("{}/files/model.safetensors", server.address);
    let output = bartizan().args([target.as_str(), "--no-digest"]).output().unwrap();
    assert_eq!(report(&output)["verdict"], "clean");
    let requests = server.requests.lock().unwrap();
    let fetched: u64 = requests
        .iter()
        .filter_map(|request| request.rsplit(' ').next()?.split_once('-'))
        .filter_map(|(from, to)| Some(to.parse::<u64>().ok()?.saturating_sub(from.parse::<u64>().ok()?) + 1))
        .sum();
    assert!(fetched > 0 && fetched < 4 << 20, "{fetched} bytes: {requests:?}");
}

#[test]
fn what_cannot_be_reached_is_incomplete_and_an_unknown_scheme_is_a_mistake() {
    let server = serve(Vec::new());
    let missing = bartizan().arg(format!("{}/files/none.pkl", server.address)).output().unwrap();
    assert_eq!(missing.status.code(), Some(3));
    assert_eq!(report(&missing)["verdict"], "incomplete");
    let unknown = bartizan().arg("ftp://example.invalid/x").output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("the scheme is not known"));
}
