//! Builds the model files of `examples/ai-repo`: some sound, some bad on purpose. The bad ones run `echo` at worst, and
//! nothing ever loads them.

use std::{fs, io, path::Path};

/// Writes all model files into `folder`.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn build(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes);
    write("weights.safetensors", safetensors())?;
    write("churn.pkl", churn())?;
    write("embeddings.joblib", embeddings())?;
    write("encoder.pt", torch_zip())?;
    write("assistant.gguf", gguf())?;
    write("classifier.keras", keras())?;
    write("ranker.onnx", onnx())?;
    write("half-downloaded.pkl", churn_table())?;
    Ok(())
}

fn short(text: &str) -> Vec<u8> {
    [&[0x8c, text.len() as u8][..], text.as_bytes()].concat()
}

fn global(module: &str, name: &str) -> Vec<u8> {
    [short(module), short(name), vec![0x93]].concat()
}

/// An estimator's state whose last entry runs a command.
fn churn() -> Vec<u8> {
    [
        b"\x80\x04".to_vec(),
        global("sklearn.linear_model._logistic", "LogisticRegression"),
        b")\x81}(".to_vec(),
        short("C"),
        b"K\x01".to_vec(),
        short("_sklearn_version"),
        short("1.7.2"),
        short("callback"),
        global("os", "system"),
        short("echo this could have been anything"),
        b"\x85Rub.".to_vec(),
    ]
    .concat()
}

/// joblib's framing: an array's raw bytes inside the pickle, and a call behind them where scanners have lost step.
fn embeddings() -> Vec<u8> {
    let state = [
        b"}(".to_vec(),
        short("subclass"),
        global("numpy", "ndarray"),
        short("shape"),
        b"K\x20\x85".to_vec(),
        short("order"),
        short("C"),
        short("dtype"),
        global("numpy", "dtype"),
        short("f8"),
        b"\x89\x88\x87R(K\x03".to_vec(),
        short("<"),
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb".to_vec(),
        short("allow_mmap"),
        b"\x88".to_vec(),
        short("numpy_array_alignment_bytes"),
        b"K\x10ub".to_vec(),
    ]
    .concat();
    let raw: Vec<u8> = (0..32).flat_map(|i| (f64::from(i) * 0.1).to_le_bytes()).collect();
    [
        b"\x80\x04(".to_vec(),
        global("joblib.numpy_pickle", "NumpyArrayWrapper"),
        b")\x81".to_vec(),
        state,
        [&[3u8, 0xff, 0xff, 0xff][..], &raw].concat(),
        global("subprocess", "check_output"),
        short("echo behind the array"),
        b"\x85Rt.".to_vec(),
    ]
    .concat()
}

/// A pickle that breaks off.
fn churn_table() -> Vec<u8> {
    let mut bytes = [b"\x80\x04}(".to_vec(), short("customers"), b"](K\x01K\x02K\x03e".to_vec()].concat();
    bytes.extend(short("churn"));
    bytes.truncate(bytes.len() - 3);
    bytes
}

fn safetensors() -> Vec<u8> {
    let header = br#"{"__metadata__":{"format":"pt"},"classifier.bias":{"dtype":"F32","shape":[2],"data_offsets":[512,520]},"classifier.weight":{"dtype":"F32","shape":[2,64],"data_offsets":[0,512]}}"#;
    let mut header = header.to_vec();
    while !header.len().is_multiple_of(8) {
        header.push(b' ');
    }
    let weights = (0..130u32).flat_map(|i| ((i as f32 * 0.7).sin() * 0.1).to_le_bytes());
    (header.len() as u64).to_le_bytes().into_iter().chain(header).chain(weights).collect()
}

/// A checkpoint as `torch.save` writes it, whose pickle calls `posix.system`.
fn torch_zip() -> Vec<u8> {
    let command = "echo from the encoder";
    let pickle = [
        b"\x80\x02ccollections\nOrderedDict\n)Rq\x00cposix\nsystem\nX".to_vec(),
        (command.len() as u32).to_le_bytes().to_vec(),
        command.as_bytes().to_vec(),
        b"\x85q\x01Rq\x02.".to_vec(),
    ]
    .concat();
    stored_zip(&[
        ("encoder/data.pkl", pickle),
        ("encoder/data/0", vec![0; 256]),
        ("encoder/version", b"3\n".to_vec()),
    ])
}

/// A Keras model whose Lambda layer holds marshalled bytecode (here only the text "echo").
fn keras() -> Vec<u8> {
    // `lambda x: (__import__("os").system("echo from a layer"), x)[1]`, compiled by Python 3.11 and marshalled.
    let code = "4wEAAAAAAAAAAAAAAAMAAAADAAAA81YAAACXAHQBAAAAAAAAAAAAAGQBpgEAAKsBAAAAAAAAAACgAQAAAAAAAAAAAAAAAAAAAAAAAAAAZAKmAQAAqwEAAAAAAAAAAHwAZgJkAxkAAAAAAAAAAABTACkETtoCb3N6EWVjaG8gZnJvbSBhIGxheWVy6QEAAAApAtoKX19pbXBvcnRfX9oGc3lzdGVtKQHaAXhzAQAAACD6CGxheWVyLnB5+gg8bGFtYmRhPnIIAAAAAQAAAHMnAAAAgACNWpgE0Q0d1A0d1w0k0g0k0CU40Q051A05uDHQDD24YdQMQIAA8wAAAAA=";
    let config = r#"{"module":"keras","class_name":"Sequential","config":{"name":"classifier","layers":[{"module":"keras.layers","class_name":"InputLayer","config":{"batch_shape":[null,4],"dtype":"float32","name":"input"},"registered_name":null},{"module":"keras.layers","class_name":"Lambda","config":{"name":"scale","function":{"class_name":"__lambda__","config":{"code":"CODE","defaults":null,"closure":null}}},"registered_name":null}]},"registered_name":null}"#;
    let metadata = br#"{"keras_version":"3.12.0","date_saved":"2026-01-01@00:00:00"}"#;
    stored_zip(&[
        ("metadata.json", metadata.to_vec()),
        ("config.json", config.replace("CODE", code).into_bytes()),
    ])
}

/// A language model without tensors whose chat template climbs out of the sandbox.
fn gguf() -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let pair = |key: &str, value: &str| [text(key), 8u32.to_le_bytes().to_vec(), text(value)].concat();
    let template = "{% for message in messages %}{{ message.content }}{% endfor %}\
                    {{ cycler.__init__.__globals__.os.popen('echo from the template').read() }}";
    [
        b"GGUF".to_vec(),
        3u32.to_le_bytes().to_vec(),
        0u64.to_le_bytes().to_vec(),
        3u64.to_le_bytes().to_vec(),
        pair("general.architecture", "llama"),
        pair("general.name", "Tiny assistant"),
        pair("tokenizer.chat_template", template),
    ]
    .concat()
}

/// A graph whose weights are to be read from outside the repository.
fn onnx() -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat();
    let entry = |key: &str, value: &str| [field(1, key.as_bytes()), field(2, value.as_bytes())].concat();
    let tensor = [
        b"\x08\x04\x10\x01".to_vec(),
        field(8, b"weight"),
        field(13, &entry("location", "../../../../etc/hostname")),
        b"\x70\x01".to_vec(),
    ]
    .concat();
    let node = [field(1, b"weight"), field(2, b"output"), field(4, b"Identity")].concat();
    let graph = [field(1, &node), field(2, b"ranker"), field(5, &tensor)].concat();
    let opset = [field(1, b""), vec![0x10, 21]].concat();
    [b"\x08\x0a".to_vec(), field(2, b"bartizan-example"), field(7, &graph), field(8, &opset)].concat()
}

/// A ZIP archive without compression.
fn stored_zip(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let offset = out.len() as u32;
        let crc = crc32(bytes);
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5a][..],
            &crc.to_le_bytes(),
            &(bytes.len() as u32).to_le_bytes(),
            &(bytes.len() as u32).to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        out.extend([b"PK\x03\x04", &common[..], name.as_bytes(), bytes].concat());
        directory.extend(
            [b"PK\x01\x02\x14\0", &common[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let (start, length, count) = (out.len() as u32, directory.len() as u32, members.len() as u16);
    out.extend(directory);
    out.extend([b"PK\x05\x06".as_slice(), &[0; 4], &count.to_le_bytes(), &count.to_le_bytes()].concat());
    out.extend([&length.to_le_bytes()[..], &start.to_le_bytes(), &[0, 0]].concat());
    out
}

/// CRC-32 as ZIP has it, bit by bit: the example is small.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
