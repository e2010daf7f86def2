//! Lists everything that can be fuzzed.

fn main() {
    println!("{}", bartizan_fuzz::kinds().join("\n"));
}
