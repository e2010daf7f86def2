use super::*;
use crate::testing::{inspect, survives};

fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([version, 0]);
    if version == 1 {
        out.extend((header.len() as u16).to_le_bytes());
    } else {
        out.extend((header.len() as u32).to_le_bytes());
    }
    out.extend(header.as_bytes());
    out.extend(data);
    out
}

#[test]
fn plain_arrays_of_every_version_are_clean() {
    for (version, header, size) in [
        (1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", 24),
        (2, "{'descr': '<U5', 'fortran_order': False, 'shape': (2,), }\n", 40),
        (3, "{'descr': [('é', '<i8'), ('b', '|S4', (2,))], 'fortran_order': True, 'shape': (2,), }\n", 32),
        (1, "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (), }\n", 8),
        (1, "{'shape': (3L,), 'fortran_order': False, 'descr': '|b1'}\n", 3),
    ] {
        let outcome = inspect(&Npy, "a.npy", file(version, header, &vec![0; size]));
        assert_eq!((outcome.claim, outcome.rules()), (Claim::Certain, vec![]), "{header}");
        assert!(outcome.inspection.coverage.is_complete(), "{header}: {:?}", outcome.inspection.coverage);
    }
}

#[test]
fn the_pickle_of_an_object_array_is_handed_on() {
    let pickle = b"cos\nsystem\n(S'echo harmless'\ntR.";
    for descr in ["'|O'", "[('x', '<f4'), ('y', [('z', 'O')])]"] {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n");
        let outcome = inspect(&Npy, "a.npy", file(1, &header, pickle));
        assert_eq!(outcome.rules(), ["npy/object-array"]);
        assert_eq!(outcome.children[0].content.whole(99).unwrap().as_ref(), pickle);
    }
}

#[test]
fn an_expression_in_the_header_is_high_and_a_damaged_one_is_incomplete() {
    for header in [
        "{'descr': __import__('os').system('echo harmless'), 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}.clear()or print(1)",
        "eval('1')",
    ] {
        assert_eq!(inspect(&Npy, "a.npy", file(1, header, &[])).worst(), Some(Severity::High), "{header}");
    }
    let outcome = inspect(&Npy, "a.npy", file(1, "{'descr': '<f4', 'sha", &[]));
    assert!(!outcome.inspection.coverage.is_complete());
    assert_eq!(outcome.worst(), Some(Severity::Medium));
}

#[test]
fn sizes_that_cannot_be_are_found() {
    for shape in ["(-4,)", "(4294967296, 4294967296)", "(1099511627776,)"] {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        assert_eq!(
            inspect(&Npy, "a.npy", file(1, &header, &[0; 16])).worst(),
            Some(Severity::Medium),
            "{shape}"
        );
    }
    let nested = format!("{{'descr': {}", "[".repeat(60_000));
    assert!(!inspect(&Npy, "a.npy", file(1, &nested, &[])).inspection.coverage.is_complete());
}

#[test]
fn several_arrays_may_follow_one_another_and_other_bytes_may_not() {
    let one = file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", &[0; 4]);
    let outcome = inspect(&Npy, "a.npy", [one.clone(), one.clone()].concat());
    assert_eq!(outcome.rules(), Vec::<&str>::new());
    let outcome = inspect(&Npy, "a.npy", [&one[..], b"cos\nsystem\n(S'echo harmless'\ntR."].concat());
    assert_eq!((outcome.worst(), outcome.children.len()), (Some(Severity::High), 1));
}

#[test]
fn damage_never_panics() {
    survives(
        &Npy,
        "a.npy",
        &file(1, "{'descr': [('a', '<f4', (2,))], 'fortran_order': False, 'shape': (2, 1), }", &[0; 16]),
    );
}
