//! Field numbers of `onnx.proto3`, and the shape by which a file is recognised.
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>

use crate::protobuf::{Schema, Shape};

pub(super) mod model {
    pub(crate) const IR_VERSION: u32 = 1;
    pub(crate) const PRODUCER_NAME: u32 = 2;
    pub(crate) const PRODUCER_VERSION: u32 = 3;
    pub(crate) const DOMAIN: u32 = 4;
    pub(crate) const MODEL_VERSION: u32 = 5;
    pub(crate) const GRAPH: u32 = 7;
    pub(crate) const OPSET_IMPORT: u32 = 8;
    pub(crate) const METADATA: u32 = 14;
    pub(crate) const TRAINING: u32 = 20;
    pub(crate) const FUNCTIONS: u32 = 25;
}

pub(super) mod graph {
    pub(crate) const NODE: u32 = 1;
    pub(crate) const NAME: u32 = 2;
    pub(crate) const INITIALIZER: u32 = 5;
    pub(crate) const INPUT: u32 = 11;
    pub(crate) const OUTPUT: u32 = 12;
    pub(crate) const SPARSE_INITIALIZER: u32 = 15;
    pub(crate) const METADATA: u32 = 16;
}

pub(super) mod node {
    pub(crate) const NAME: u32 = 3;
    pub(crate) const OP_TYPE: u32 = 4;
    pub(crate) const ATTRIBUTE: u32 = 5;
    pub(crate) const DOMAIN: u32 = 7;
}

pub(super) mod attribute {
    pub(crate) const TENSOR: u32 = 5;
    pub(crate) const GRAPH: u32 = 6;
    pub(crate) const TENSORS: u32 = 10;
    pub(crate) const GRAPHS: u32 = 11;
    pub(crate) const SPARSE: u32 = 22;
    pub(crate) const SPARSES: u32 = 23;
}

pub(super) mod tensor {
    pub(crate) const DIMS: u32 = 1;
    pub(crate) const DATA_TYPE: u32 = 2;
    pub(crate) const FLOAT_DATA: u32 = 4;
    pub(crate) const NAME: u32 = 8;
    pub(crate) const RAW_DATA: u32 = 9;
    pub(crate) const DOUBLE_DATA: u32 = 10;
    pub(crate) const EXTERNAL_DATA: u32 = 13;
}

pub(super) mod function {
    pub(crate) const NAME: u32 = 1;
    pub(crate) const NODE: u32 = 7;
    pub(crate) const DOMAIN: u32 = 10;
}

static NODE: Schema = Schema {
    fields: &[
        (1, Shape::Text),
        (2, Shape::Text),
        (3, Shape::Text),
        (4, Shape::Text),
        (5, Shape::Bytes),
        (6, Shape::Text),
        (7, Shape::Text),
        (8, Shape::Text),
        (9, Shape::Bytes),
        (10, Shape::Bytes),
    ],
    one_of: &[4],
};

static VALUE: Schema = Schema {
    fields: &[(1, Shape::Text), (2, Shape::Bytes), (3, Shape::Text), (4, Shape::Bytes)],
    one_of: &[1],
};

static GRAPH: Schema = Schema {
    fields: &[
        (1, Shape::Of(&NODE)),
        (2, Shape::Text),
        (5, Shape::Bytes),
        (10, Shape::Text),
        (11, Shape::Of(&VALUE)),
        (12, Shape::Of(&VALUE)),
        (13, Shape::Of(&VALUE)),
        (14, Shape::Bytes),
        (15, Shape::Bytes),
        (16, Shape::Bytes),
    ],
    one_of: &[1, 2, 5, 11, 12],
};

static OPSET: Schema = Schema { fields: &[(1, Shape::Text), (2, Shape::Varint)], one_of: &[1, 2] };

/// Name of an element type as ONNX itself spells it, in lower case: what inputs and outputs are declared with.
pub(super) const fn element_type(number: u64) -> Option<&'static str> {
    match number {
        1 => Some("float"),
        11 => Some("double"),
        _ => match data_type(number) {
            Some((name, _)) => Some(name),
            None => None,
        },
    }
}

/// `ModelProto`: nothing but its fields, and a graph among them.
pub(super) static MODEL: Schema = Schema {
    fields: &[
        (model::IR_VERSION, Shape::Varint),
        (model::PRODUCER_NAME, Shape::Text),
        (model::PRODUCER_VERSION, Shape::Text),
        (model::DOMAIN, Shape::Text),
        (model::MODEL_VERSION, Shape::Varint),
        (6, Shape::Text),
        (model::GRAPH, Shape::Of(&GRAPH)),
        (model::OPSET_IMPORT, Shape::Of(&OPSET)),
        (model::METADATA, Shape::Bytes),
        (model::TRAINING, Shape::Bytes),
        (model::FUNCTIONS, Shape::Bytes),
        (26, Shape::Bytes),
    ],
    one_of: &[model::GRAPH],
};

/// Name and bits of an element of `TensorProto.DataType`.
pub(super) const fn data_type(number: u64) -> Option<(&'static str, u64)> {
    Some(match number {
        1 => ("float32", 32),
        2 => ("uint8", 8),
        3 => ("int8", 8),
        4 => ("uint16", 16),
        5 => ("int16", 16),
        6 => ("int32", 32),
        7 => ("int64", 64),
        8 => ("string", 0),
        9 => ("bool", 8),
        10 => ("float16", 16),
        11 => ("float64", 64),
        12 => ("uint32", 32),
        13 => ("uint64", 64),
        14 => ("complex64", 64),
        15 => ("complex128", 128),
        16 => ("bfloat16", 16),
        17 => ("float8e4m3fn", 8),
        18 => ("float8e4m3fnuz", 8),
        19 => ("float8e5m2", 8),
        20 => ("float8e5m2fnuz", 8),
        21 => ("uint4", 4),
        22 => ("int4", 4),
        23 => ("float4e2m1", 4),
        24 => ("float8e8m0", 8),
        _ => return None,
    })
}
