//! Field numbers of TensorFlow's messages.
//! <https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf> and `tensorflow/core/framework`.

pub(super) mod saved_model {
    pub(crate) const META_GRAPHS: u32 = 2;
}

pub(super) mod meta_graph {
    pub(crate) const INFO: u32 = 1;
    pub(crate) const GRAPH: u32 = 2;
    pub(crate) const COLLECTION: u32 = 4;
    pub(crate) const SIGNATURE: u32 = 5;
    pub(crate) const ASSET: u32 = 6;
    pub(crate) const OBJECTS: u32 = 7;
}

pub(super) mod info {
    pub(crate) const TAGS: u32 = 4;
    pub(crate) const VERSION: u32 = 5;
}

pub(super) mod graph {
    pub(crate) const NODE: u32 = 1;
    pub(crate) const LIBRARY: u32 = 2;
    pub(crate) const VERSIONS: u32 = 4;
}

pub(super) mod function {
    pub(crate) const SIGNATURE: u32 = 1;
    pub(crate) const NODE: u32 = 3;
}

pub(super) mod node {
    pub(crate) const NAME: u32 = 1;
    pub(crate) const OPERATOR: u32 = 2;
    pub(crate) const INPUT: u32 = 3;
    pub(crate) const ATTRIBUTE: u32 = 5;
}

/// `AttrValue`; its list gives strings, types, shapes and tensors the same numbers.
pub(super) mod attribute {
    pub(crate) const LIST: u32 = 1;
    pub(crate) const TEXT: u32 = 2;
    pub(crate) const TYPE: u32 = 6;
    pub(crate) const SHAPE: u32 = 7;
    pub(crate) const TENSOR: u32 = 8;
    pub(crate) const FUNCTION_IN_LIST: u32 = 9;
    pub(crate) const FUNCTION: u32 = 10;
}

pub(super) mod tensor {
    pub(crate) const TYPE: u32 = 1;
    pub(crate) const SHAPE: u32 = 2;
    pub(crate) const CONTENT: u32 = 4;
    pub(crate) const TEXT: u32 = 8;
}

/// The number of `DT_STRING`.
pub(super) const STRING: u64 = 7;

/// Name of a `DataType`. Numbers above 100 are references to the same types.
pub(super) fn data_type(number: u64) -> String {
    let number = if number > 100 { number - 100 } else { number };
    let name = match number {
        1 => "float32",
        2 => "float64",
        3 => "int32",
        4 => "uint8",
        5 => "int16",
        6 => "int8",
        7 => "string",
        8 => "complex64",
        9 => "int64",
        10 => "bool",
        11 => "qint8",
        12 => "quint8",
        13 => "qint32",
        14 => "bfloat16",
        15 => "qint16",
        16 => "quint16",
        17 => "uint16",
        18 => "complex128",
        19 => "float16",
        20 => "resource",
        21 => "variant",
        22 => "uint32",
        23 => "uint64",
        24 => "float8e5m2",
        25 => "float8e4m3fn",
        29 => "int4",
        30 => "uint4",
        _ => return format!("type-{number}"),
    };
    name.to_owned()
}
