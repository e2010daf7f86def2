//! Reads model files of every framework without loading them.
//!
//! One folder per format: its inspector, its parser, its rules and its tests. Adding a format adds a folder and one
//! line in [`inspectors`].

use bartizan_core::Inspector;

mod catboost;
mod document;
mod embedded;
mod hydra;
mod lightgbm;
mod mar;
mod mlflow;
mod rds;
mod recognised;
mod skops;
#[cfg(test)]
mod testing;
mod torch7;
mod xgboost;

/// Version of the rules and of the knowledge behind them: the date of their last change.
pub const RULES_VERSION: &str = "2026.11.24";

/// Every inspector of this crate. Where two claim an asset with equal certainty and only one may read it, the earlier
/// one does.
pub fn inspectors() -> Vec<Box<dyn Inspector>> {
    let mut inspectors: Vec<Box<dyn Inspector>> = vec![
        Box::new(catboost::CatboostInspector),
        Box::new(hydra::HydraInspector),
        Box::new(lightgbm::LightgbmInspector),
        Box::new(mar::MarInspector),
        Box::new(mlflow::EnvironmentInspector),
        Box::new(mlflow::MlflowInspector),
        Box::new(rds::RdsInspector),
        Box::new(skops::SkopsInspector),
        Box::new(torch7::Torch7Inspector),
        Box::new(xgboost::XgboostInspector),
    ];
    // What lies beside models; after everything else.
    inspectors.extend(recognised::inspectors());
    inspectors
}
