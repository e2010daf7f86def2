//! Lists the kinds of all inspectors that have something to find; the others only name files.

fn main() {
    let mut inspectors = bartizan_models::inspectors();
    inspectors.extend(bartizan_code::inspectors());
    let mut kinds: Vec<_> = inspectors
        .iter()
        .filter(|inspector| !inspector.rules().is_empty())
        .map(|inspector| inspector.kind().name())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    println!("{}", kinds.join("\n"));
}
