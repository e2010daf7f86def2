//! Documents inside shell scripts: `command <<EOF` and the lines down to `EOF`.

/// A document and the command it is given to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// How many lines below the first the command's line is.
    pub(crate) command: u32,
    pub(crate) text: String,
}

/// The ends that a line announces, in order: `EOF` of `cat <<-'EOF' > file`.
pub(crate) fn ends(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("<<") {
        rest = after;
        if before.trim_end().ends_with(" #") || before.trim_start().starts_with('#') {
            break;
        }
        // `<<<` is a text, not a document.
        if let Some(after) = after.strip_prefix('<') {
            rest = after;
            continue;
        }
        let word = after.trim_start_matches(['-', ' ', '\'', '"']);
        let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(word.len());
        let word = word.get(..end).unwrap_or_default();
        if word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            found.push(word.to_owned());
        }
    }
    found
}

/// The script with its documents taken out (their lines stay, empty), and the documents.
pub(crate) fn split(script: &str) -> (String, Vec<Document>) {
    if !script.contains("<<") {
        return (script.to_owned(), Vec::new());
    }
    let (mut rest, mut documents) = (String::with_capacity(script.len()), Vec::new());
    let mut lines = (0u32..).zip(script.split('\n'));
    while let Some((number, line)) = lines.next() {
        rest.push_str(line);
        rest.push('\n');
        for end in ends(line) {
            let mut text = String::new();
            for (_, line) in lines.by_ref() {
                rest.push('\n');
                if line.trim() == end {
                    break;
                }
                text.push_str(line);
                text.push('\n');
            }
            documents.push(Document { command: number, text });
        }
    }
    (rest, documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_taken_out_and_lines_stay_where_they_are() {
        let script = "a\npython3 - <<-'END' > x\nimport b\nEND\nc <<< EOF\nd\n";
        let (rest, documents) = split(script);
        assert_eq!(rest, "a\npython3 - <<-'END' > x\n\n\nc <<< EOF\nd\n\n");
        assert_eq!(documents, [Document { command: 1, text: "import b\n".to_owned() }]);
    }

    #[test]
    fn a_document_that_does_not_end_ends_with_the_script() {
        assert_eq!(split("x <<EOF\na").1, [Document { command: 0, text: "a\n".to_owned() }]);
        assert_eq!(ends("echo $((1 << 2))"), [""; 0]);
        assert_eq!(ends("# see <<EOF"), [""; 0]);
    }
}
