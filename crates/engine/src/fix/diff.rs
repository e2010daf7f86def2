//! Changes as people and `git apply` read them.

use similar::TextDiff;

/// The difference of two texts as a unified diff, every byte of its lines as it is in the file. The path is the file's.
pub fn unified(path: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_file_and_keeps_the_ends_of_lines() {
        let told = unified("m/a.tf", "x = 1\r\ny = 2", "x = 3\r\ny = 2");
        assert_eq!(
            told,
            "--- a/m/a.tf\n+++ b/m/a.tf\n@@ -1,2 +1,2 @@\n-x = 1\r\n+x = 3\r\n y = 2\n\\ No newline at end of file\n"
        );
    }
}
