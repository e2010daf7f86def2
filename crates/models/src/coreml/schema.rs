//! Field numbers of `Model.proto`, `NeuralNetwork.proto` and `MIL.proto`
//! (<https://apple.github.io/coremltools/mlmodel/index.html>).

use crate::protobuf::{Schema, Shape};

/// Kinds of model: field number of `Model.Type` and name.
pub(super) const TYPES: &[(u32, &str)] = &[
    (200, "pipelineClassifier"),
    (201, "pipelineRegressor"),
    (202, "pipeline"),
    (300, "glmRegressor"),
    (301, "supportVectorRegressor"),
    (302, "treeEnsembleRegressor"),
    (303, "neuralNetworkRegressor"),
    (304, "bayesianProbitRegressor"),
    (400, "glmClassifier"),
    (401, "supportVectorClassifier"),
    (402, "treeEnsembleClassifier"),
    (403, "neuralNetworkClassifier"),
    (404, "kNearestNeighborsClassifier"),
    (500, "neuralNetwork"),
    (501, "itemSimilarityRecommender"),
    (502, "mlProgram"),
    (555, "customModel"),
    (556, "linkedModel"),
    (560, "classConfidenceThresholding"),
    (600, "oneHotEncoder"),
    (601, "imputer"),
    (602, "featureVectorizer"),
    (603, "dictVectorizer"),
    (604, "scaler"),
    (606, "categoricalMapping"),
    (607, "normalizer"),
    (609, "arrayFeatureExtractor"),
    (610, "nonMaximumSuppression"),
    (900, "identity"),
    (2000, "textClassifier"),
    (2001, "wordTagger"),
    (2002, "visionFeaturePrint"),
    (2003, "soundAnalysisPreprocessing"),
    (2004, "gazetteer"),
    (2005, "wordEmbedding"),
    (2006, "audioFeaturePrint"),
    (3000, "serializedModel"),
];

static FEATURE: Schema =
    Schema { fields: &[(1, Shape::Text), (2, Shape::Text), (3, Shape::Bytes)], one_of: &[] };

static DESCRIPTION: Schema = Schema {
    fields: &[
        (1, Shape::Of(&FEATURE)),
        (10, Shape::Of(&FEATURE)),
        (11, Shape::Text),
        (12, Shape::Text),
        (13, Shape::Of(&FEATURE)),
        (20, Shape::Bytes),
        (21, Shape::Text),
        (50, Shape::Of(&FEATURE)),
        (100, Shape::Bytes),
    ],
    one_of: &[],
};

macro_rules! model {
    ($($number:literal)*) => {
        /// `Model`: a version, a description, and one type.
        pub(super) static MODEL: Schema = Schema {
            fields: &[
                (1, Shape::Varint),
                (2, Shape::Of(&DESCRIPTION)),
                (10, Shape::Varint),
                $(($number, Shape::Bytes)),*
            ],
            one_of: &[$($number),*],
        };
    };
}
model!(200 201 202 300 301 302 303 304 400 401 402 403 404 500 501 502 555 556 560 600 601 602 603 604 606 607 609 610
    900 2000 2001 2002 2003 2004 2005 2006 3000);

/// Names of the commonest layers; the rest are named by their number.
pub(super) const fn layer(number: u32) -> Option<&'static str> {
    Some(match number {
        100 => "convolution",
        120 => "pooling",
        130 => "activation",
        140 => "innerProduct",
        150 => "embedding",
        160 => "batchnorm",
        165 => "mvn",
        170 => "l2normalize",
        175 => "softmax",
        180 => "lrn",
        190 => "crop",
        200 => "padding",
        210 => "upsample",
        211 => "resizeBilinear",
        220 => "unary",
        230 => "add",
        231 => "multiply",
        240 => "average",
        245 => "scale",
        250 => "bias",
        260 => "max",
        261 => "min",
        270 => "dot",
        280 => "reduce",
        290 => "loadConstant",
        300 => "reshape",
        301 => "flatten",
        310 => "permute",
        320 => "concat",
        330 => "split",
        340 => "sequenceRepeat",
        345 => "reorganizeData",
        350 => "slice",
        400 => "simpleRecurrent",
        410 => "gru",
        420 => "uniDirectionalLSTM",
        430 => "biDirectionalLSTM",
        500 => "custom",
        600 => "copy",
        605 => "branch",
        615 => "loop",
        _ => return None,
    })
}
