use super::*;
use crate::testing::{describe, inspect, survives};

/// What a table holds: written back to front of the buffer's growing end.
enum Part {
    Number(u64, usize),
    Text(&'static str),
    Tables(Vec<Vec<(usize, Part)>>),
}

/// Appends a table and returns where it begins; offsets lead forward, as the format wants.
fn table(out: &mut Vec<u8>, fields: &[(usize, Part)]) -> usize {
    let count = fields.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
    let fields_at = out.len();
    let size = 4 + 2 * count;
    out.extend((size as u16).to_le_bytes());
    out.extend(((4 + 8 * fields.len()) as u16).to_le_bytes());
    out.resize(fields_at + size, 0);
    let at = out.len();
    out.extend(((at - fields_at) as u32).to_le_bytes());
    out.resize(at + 4 + 8 * fields.len(), 0);
    for (index, (number, part)) in fields.iter().enumerate() {
        let offset = 4 + 8 * index;
        let entry = fields_at + 4 + 2 * number;
        out[entry..entry + 2].copy_from_slice(&(offset as u16).to_le_bytes());
        let place = at + offset;
        match part {
            Part::Number(value, bytes) => {
                out[place..place + bytes].copy_from_slice(&value.to_le_bytes()[..*bytes]);
            }
            Part::Text(text) => {
                let to = out.len();
                out.extend((text.len() as u32).to_le_bytes());
                out.extend(text.as_bytes());
                out.push(0);
                out[place..place + 4].copy_from_slice(&((to - place) as u32).to_le_bytes());
            }
            Part::Tables(tables) => {
                let to = out.len();
                out.extend((tables.len() as u32).to_le_bytes());
                out.resize(to + 4 + 4 * tables.len(), 0);
                out[place..place + 4].copy_from_slice(&((to - place) as u32).to_le_bytes());
                for (index, fields) in tables.iter().enumerate() {
                    let element = to + 4 + 4 * index;
                    let inner = table(out, fields);
                    out[element..element + 4].copy_from_slice(&((inner - element) as u32).to_le_bytes());
                }
            }
        }
    }
    at
}

fn program(delegate: &'static str, operator: &'static str, segment: &[u8]) -> Vec<u8> {
    let mut out = b"\0\0\0\0ET12eh00\x18\0\0\0".to_vec();
    out.resize(32, 0);
    let plan = vec![
        (0, Part::Text("forward")),
        (6, Part::Tables(vec![vec![(0, Part::Text(operator)), (1, Part::Text("out"))]])),
        (7, Part::Tables(vec![vec![(0, Part::Text(delegate))]])),
    ];
    let data = vec![(0, Part::Number(0, 8)), (1, Part::Number(segment.len() as u64, 8))];
    let root = table(
        &mut out,
        &[(0, Part::Number(0, 4)), (1, Part::Tables(vec![plan])), (4, Part::Tables(vec![data]))],
    );
    out[..4].copy_from_slice(&(root as u32).to_le_bytes());
    let size = out.len() as u64;
    out[16..24].copy_from_slice(&size.to_le_bytes());
    out[24..32].copy_from_slice(&size.to_le_bytes());
    out.extend(segment);
    out
}

fn found(delegate: &'static str, operator: &'static str, segment: &[u8]) -> Vec<(&'static str, Severity)> {
    let outcome = inspect(&Executorch, "m.pte", program(delegate, operator, segment));
    assert_eq!(outcome.claim, Claim::Certain);
    assert_eq!(outcome.inspection.coverage.gaps(), []);
    outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

#[test]
fn an_ordinary_program_is_described() {
    assert_eq!(found("XnnpackBackend", "aten::add", &[7; 100]), []);
    let bytes = program("XnnpackBackend", "aten::add", &[7; 100]);
    let rows = describe(&Executorch, "m.pte", bytes.clone()).sections[0].rows.len();
    assert_eq!(rows, 3);
    let outcome = inspect(&Executorch, "m.pte", bytes);
    assert!(outcome.inspection.facts.iter().any(
        |fact| matches!(fact, Fact::Import(import) if import.module == "aten" && import.name == "add.out")
    ));
}

#[test]
fn delegates_and_operators_are_told_apart() {
    assert_eq!(found("MyBackend", "aten::add", b"x"), [("executorch/unknown-delegate", Severity::Low)]);
    assert_eq!(found("CudaBackend", "aten::add", b"x"), [("executorch/native-delegate", Severity::Medium)]);
    assert_eq!(found("QnnBackend", "mine::op", b"x"), [("executorch/custom-operator", Severity::Low)]);
}

#[test]
fn programs_in_segments_are_high_and_segments_outside_a_gap() {
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0";
    assert_eq!(found("XnnpackBackend", "aten::add", elf), [("executorch/embedded-program", Severity::High)]);
    let mut cut = program("XnnpackBackend", "aten::add", &[7; 100]);
    cut.truncate(cut.len() - 1);
    let outcome = inspect(&Executorch, "m.pte", cut);
    assert_eq!(
        (outcome.rules(), outcome.inspection.coverage.is_complete()),
        (vec!["executorch/segment-range"], false)
    );
}

#[test]
fn damage_is_survived() {
    survives(&Executorch, "m.pte", &program("MyBackend", "mine::op", b"\x7fELF"));
}
