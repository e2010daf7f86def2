// Included by the build script too, so that it stands alone.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value as Json};

/// How deeply YAML may be nested.
const DEEPEST: usize = 64;
/// Values of one document, aliases counted each time they are used.
const MOST: usize = 1_000_000;

/// Reads one YAML document as JSON has it: keys are texts.
pub(crate) fn to_json(text: &str) -> Result<Json, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    let mut left = MOST;
    match documents.as_slice() {
        [] => Ok(Json::Null),
        [document] => convert(document, 0, &mut left),
        _ => Err("more than one document".to_owned()),
    }
}

fn convert(yaml: &Yaml<'_>, depth: usize, left: &mut usize) -> Result<Json, String> {
    if depth > DEEPEST {
        return Err(format!("nested more than {DEEPEST} levels deep"));
    }
    *left = left.checked_sub(1).ok_or("too many values")?;
    match yaml {
        Yaml::Value(scalar) => Ok(from_scalar(scalar)),
        Yaml::Sequence(elements) => {
            let elements: Result<Vec<Json>, String> =
                elements.iter().map(|element| convert(element, depth + 1, left)).collect();
            elements.map(Json::Array)
        }
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let key = match convert(key, depth + 1, left)? {
                    Json::String(text) => text,
                    Json::Null => "null".to_owned(),
                    Json::Bool(value) => value.to_string(),
                    Json::Number(number) => number.to_string(),
                    _ => return Err("a key is no text".to_owned()),
                };
                map.insert(key, convert(value, depth + 1, left)?);
            }
            Ok(Json::Object(map))
        }
        Yaml::Tagged(_, inner) => convert(inner, depth + 1, left),
        Yaml::Representation(text, ..) => Ok(Json::String(text.to_string())),
        Yaml::Alias(_) | Yaml::BadValue => Err("a value cannot be read".to_owned()),
    }
}

fn from_scalar(scalar: &Scalar<'_>) -> Json {
    match scalar {
        Scalar::Null => Json::Null,
        Scalar::Boolean(value) => Json::Bool(*value),
        Scalar::Integer(number) => Json::from(*number),
        Scalar::FloatingPoint(number) => {
            serde_json::Number::from_f64(**number).map_or(Json::Null, Json::Number)
        }
        Scalar::String(text) => Json::String(text.to_string()),
    }
}
