//! Reads model files of every framework without loading them.
//!
//! One folder per format: its inspector, its parser, its rules and its tests. Adding a format adds a folder and one
//! line in [`inspectors`].

use bartizan_core::Inspector;

mod archive;
mod callables;
mod card;
mod catboost;
mod compressed;
mod coreml;
mod croissant;
mod document;
mod embedded;
mod executable;
mod executorch;
mod flatbuffer;
mod flax;
mod gguf;
mod hdf5;
mod huggingface;
mod hydra;
mod jinja;
mod json;
mod keras;
mod lightgbm;
mod location;
mod mar;
mod mlflow;
mod mxnet;
mod npy;
mod onnx;
mod openvino;
mod orbax;
mod paddle;
pub mod pickle;
mod pmml;
mod protobuf;
mod rar;
mod rds;
mod recognised;
mod safetensors;
mod sevenz;
mod skops;
mod tar;
mod tensorflow;
mod tensorrt;
mod tflite;
mod torch7;
mod weights;
mod xgboost;
mod xml;
mod yaml;
mod zip;

#[cfg(test)]
mod testing;

/// Version of the rules and of the knowledge behind them: the date of their last change.
pub const RULES_VERSION: &str = "2026.11.24";

/// Every inspector of this crate. Where two claim an asset with equal certainty and only one may read it, the earlier
/// one does.
pub fn inspectors() -> Vec<Box<dyn Inspector>> {
    let mut inspectors: Vec<Box<dyn Inspector>> = vec![
        Box::new(card::Card),
        Box::new(catboost::CatboostInspector),
        Box::new(compressed::Compressed),
        Box::new(coreml::Coreml),
        Box::new(coreml::Manifest),
        Box::new(coreml::Compiled),
        Box::new(croissant::Croissant),
        Box::new(executable::Executable),
        Box::new(executorch::Executorch),
        Box::new(flax::Checkpoint),
        Box::new(gguf::Gguf),
        Box::new(hdf5::Hdf5),
        Box::new(huggingface::Repository),
        Box::new(huggingface::Settings),
        Box::new(hydra::HydraInspector),
        Box::new(jinja::Template),
        Box::new(keras::Config),
        Box::new(lightgbm::LightgbmInspector),
        Box::new(mar::MarInspector),
        Box::new(mlflow::EnvironmentInspector),
        Box::new(mlflow::MlflowInspector),
        Box::new(mxnet::Symbol),
        Box::new(mxnet::Params),
        Box::new(npy::Npy),
        Box::new(onnx::Onnx),
        Box::new(openvino::Openvino),
        Box::new(openvino::Weights),
        Box::new(orbax::Metadata),
        Box::new(paddle::Program),
        Box::new(paddle::Pir),
        Box::new(paddle::Parameters),
        Box::new(pickle::Pickle),
        Box::new(pmml::Pmml),
        Box::new(rar::Rar),
        Box::new(rds::RdsInspector),
        Box::new(safetensors::Safetensors),
        Box::new(safetensors::WeightIndex),
        Box::new(sevenz::SevenZ),
        Box::new(skops::SkopsInspector),
        Box::new(tar::Tar),
        Box::new(tensorflow::Checkpoint),
        Box::new(tensorflow::KerasMetadata),
        Box::new(tensorflow::TensorFlow),
        Box::new(tflite::Tflite),
        Box::new(tensorrt::Tensorrt),
        Box::new(torch7::Torch7Inspector),
        Box::new(xgboost::XgboostInspector),
        Box::new(zip::Zip),
        Box::new(json::Json),
        Box::new(xml::Xml),
        Box::new(yaml::Yaml),
    ];
    inspectors.extend(recognised::inspectors());
    inspectors
}
