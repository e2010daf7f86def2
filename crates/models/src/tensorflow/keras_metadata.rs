//! `keras_metadata.pb`: what Keras 2 keeps of a model beside `saved_model.pb`.
//!
//! A list of objects `{node id, path, identifier, metadata}`, where the metadata is JSON of the same make as in other
//! Keras files, Lambda layers with their bytecode included.

use bartizan_core::{Asset, Claim, Content, Context, Fact, Inspection, Inspector, Kind, Model, Probe, Rule};

use crate::{
    json::{self, MOST_VALUES, Reading},
    keras::{self, Loader},
    protobuf::{Message, Schema, Shape, Window, conforms},
};

static VERSION: Schema =
    Schema { fields: &[(1, Shape::Varint), (2, Shape::Varint), (3, Shape::Varint)], one_of: &[] };

static OBJECT: Schema = Schema {
    fields: &[
        (1, Shape::Bytes),
        (2, Shape::Varint),
        (3, Shape::Name),
        (4, Shape::Name),
        (5, Shape::Text),
        (6, Shape::Of(&VERSION)),
    ],
    one_of: &[5],
};

static METADATA: Schema = Schema { fields: &[(1, Shape::Of(&OBJECT))], one_of: &[1] };

/// Reads Keras metadata of SavedModels.
#[derive(Debug)]
pub(crate) struct KerasMetadata;

impl Inspector for KerasMetadata {
    fn kind(&self) -> Kind {
        Kind::new("keras-metadata")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        keras::RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let window = Window::new(probe.content());
        let first = probe.starts_with(b"\x0a");
        let message = Message::whole(&window);
        let keras =
            || message.all(1).take(4).any(|object| object.message().text(4).starts_with("_tf_keras_"));
        if first && conforms(&message, &METADATA) && keras() {
            return Claim::Certain;
        }
        if probe.name() == "keras_metadata.pb" && !probe.is_empty() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        inspection
            .know(Fact::Model(Model { framework: Some("keras".to_owned()), ..Model::of("keras-metadata") }));
        let window = Window::new(&asset.content);
        for object in Message::whole(&window).fields() {
            if context.interrupted() {
                inspection.coverage.miss("the time ran out inside the metadata");
                break;
            }
            let object = match object {
                Ok(object) => object,
                Err(error) => {
                    inspection.coverage.miss(format!("damaged: {error}"));
                    break;
                }
            };
            if object.cut() > 0 {
                inspection.coverage.miss_at(object.offset, format!("{} bytes are missing", object.cut()));
            }
            // Whatever the number of the field: only the metadata is an object of JSON.
            for part in object.message().fields().map_while(Result::ok) {
                if part.bytes(1).first() == Some(&b'{') {
                    configuration(&part.content(), part.span().0, asset, context, &mut inspection);
                }
            }
        }
        inspection
    }
}

/// Judges one configuration in JSON.
pub(super) fn configuration(
    content: &Content,
    offset: u64,
    asset: &Asset,
    context: &Context<'_>,
    inspection: &mut Inspection,
) {
    let reading = Reading { depth: context.limits.depth, values: MOST_VALUES, skip: &[] };
    let document = content
        .whole(context.limits.held)
        .map_err(|error| error.to_string())
        .and_then(|bytes| json::parse(&bytes, reading).map_err(|error| error.to_string()));
    match document {
        Ok(document) => inspection.merge(keras::judge(&document.root, asset, Loader::SavedModel, context)),
        Err(error) => {
            inspection.coverage.miss_at(offset, format!("a Keras configuration could not be read: {error}"));
        }
    }
}
