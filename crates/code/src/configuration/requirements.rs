//! Lists of packages for pip: `requirements.txt` and constraints
//! (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>).

use crate::usage::{Found, requirement};

/// Options whose value is one more requirement.
const EDITABLE: &[&str] = &["-e ", "--editable ", "--editable="];

/// Reads a list. `api`: what the list is.
pub(super) fn read(text: &str, api: &str, found: &mut Found) {
    let mut lines = (1u64..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let mut entry = line.trim().to_owned();
        while entry.ends_with('\\') {
            entry.pop();
            let Some((_, more)) = lines.next() else { break };
            // Hashes of a package need not be kept.
            if entry.len() < 4096 {
                entry.push_str(more.trim());
            } else if more.trim_end().ends_with('\\') {
                entry.push('\\');
            }
        }
        let entry = EDITABLE.iter().find_map(|option| entry.strip_prefix(option)).unwrap_or(&entry).trim();
        if entry.starts_with(['#', '-']) {
            continue;
        }
        if let Some(package) = requirement::parse(entry) {
            found.add(package.usage("pypi", api, Some(number)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{shown, with};
    use super::read;

    #[test]
    fn lists_give_packages_with_lines_and_pins() {
        let text = "# torch==1\n-r base.txt\n--extra-index-url https://x.y/simple\ntransformers==4.41.2 \\\n    \
                    --hash=sha256:aa \\\n    --hash=sha256:bb\ndatasets\n-e git+https://github.com/o/n.git@v1#egg=pkg\n\
                    ./local\nopenai~=1.30 ; python_version > \"3.8\"\nclip @ git+https://github.com/openai/CLIP.git\n";
        let usages = with(|found| read(text, "requirements", found));
        assert_eq!(
            shown(&usages),
            [
                "4 library transformers 4.41.2 pinned",
                "7 library datasets",
                "8 library pkg v1",
                "10 library openai ~=1.30",
                "11 library clip",
            ]
        );
    }

    #[test]
    fn a_line_that_never_ends_is_read_to_the_end_of_the_list() {
        assert!(with(|found| read(&"a \\\n".repeat(100_000), "requirements", found)).len() <= 1);
    }
}
