//! Networks as bytes: one safetensors file with several members whose logits are averaged.

use std::{borrow::Cow, collections::HashMap};

use safetensors::{Dtype, SafeTensors, View};
use sha2::{Digest as _, Sha256};

use crate::{
    Architecture, Error, Network, Sequence, Verdict,
    network::{Convolution, Dense},
    random::Random,
};

const ARCHITECTURE: &str = "architecture";
/// Members that a file may hold.
const MAX_MEMBERS: usize = 64;

/// Networks of one architecture that differ in their seed; their average is steadier than any of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    members: Vec<Network>,
}

impl Ensemble {
    /// An ensemble of at least one network; all have the same architecture.
    pub fn new(members: Vec<Network>) -> Result<Self, Error> {
        let Some(first) = members.first() else { return Err(Error::Empty("no network")) };
        if members.iter().any(|member| member.architecture != first.architecture) {
            return Err(Error::Architecture("the members of an ensemble differ in their sizes"));
        }
        Ok(Self { members })
    }

    /// The networks.
    pub fn members(&self) -> &[Network] {
        &self.members
    }

    /// Their sizes.
    pub fn architecture(&self) -> Option<&Architecture> {
        self.members.first().map(|member| &member.architecture)
    }

    /// The mean logit of each category.
    pub fn logits(&self, sequence: &Sequence) -> Vec<f32> {
        mean(self.members.iter().map(|member| member.logits(sequence)))
    }

    /// The mean logit of each category, and the mean of the causes.
    pub fn judge(&self, sequence: &Sequence) -> Verdict {
        let verdicts: Vec<Verdict> = self.members.iter().map(|member| member.judge(sequence)).collect();
        let categories = verdicts.first().map_or(0, |verdict| verdict.causes.len());
        let causes = (0..categories)
            .map(|category| mean(verdicts.iter().filter_map(|v| v.causes.get(category)).cloned()))
            .collect();
        Verdict { logits: mean(verdicts.into_iter().map(|verdict| verdict.logits)), causes }
    }

    /// The bytes of a safetensors file. The same networks give the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let architecture = self.architecture().ok_or(Error::Empty("no network"))?;
        let text = serde_json::to_string(architecture).map_err(|error| Error::Weights(error.to_string()))?;
        let mut tensors = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            for (name, shape, values) in member.tensors() {
                tensors.push((format!("{index}.{name}"), Floats { shape, values }));
            }
        }
        // One entry only: the order of several would be that of a hash map.
        let metadata = HashMap::from([(ARCHITECTURE.to_owned(), text)]);
        safetensors::serialize(tensors, Some(metadata)).map_err(|error| Error::Weights(error.to_string()))
    }

    /// Reads what [`Ensemble::to_bytes`] wrote, after checking its digest.
    pub fn from_bytes(bytes: &[u8], expected: &str) -> Result<Self, Error> {
        let found = digest(bytes);
        if found != expected {
            return Err(Error::Digest { expected: expected.to_owned(), found });
        }
        let weights = |error: safetensors::SafeTensorError| Error::Weights(error.to_string());
        let file = SafeTensors::deserialize(bytes).map_err(weights)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(weights)?;
        let text = header.metadata().as_ref().and_then(|metadata| metadata.get(ARCHITECTURE));
        let text = text.ok_or_else(|| Error::Weights("no architecture is stated".to_owned()))?;
        let architecture: Architecture =
            serde_json::from_str(text).map_err(|error| Error::Weights(error.to_string()))?;
        architecture.check()?;
        let mut members = Vec::new();
        while members.len() < MAX_MEMBERS && file.tensor(&format!("{}.embedding", members.len())).is_ok() {
            members.push(member(&file, members.len(), &architecture)?);
        }
        Self::new(members)
    }
}

/// The digest of a file of weights: SHA-256 in hexadecimal, as `sha256sum` prints it.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A network of random weights: where training starts.
pub fn random(architecture: &Architecture, random: &mut Random) -> Result<Network, Error> {
    architecture.check()?;
    let Architecture { buckets, embedding, channels, hidden, categories, .. } = *architecture;
    // He et al. 2015: the variance that a layer with ReLU keeps. Embeddings start near zero instead, so that a token
    // says nothing until training gives it a meaning.
    let mut values = |inputs: usize, count: usize| -> Vec<f32> {
        let bound = (6.0 / to_float(inputs)).sqrt();
        (0..count).map(|_| random.symmetric(bound)).collect()
    };
    let mut table: Vec<f32> = values(1, buckets * embedding);
    table.iter_mut().for_each(|value| *value *= 0.01);
    table.iter_mut().take(embedding).for_each(|value| *value = 0.0);
    let convolutions = architecture
        .widths
        .iter()
        .map(|width| Convolution {
            width: *width,
            weight: values(width * embedding, width * embedding * channels),
            bias: vec![0.0; channels],
        })
        .collect();
    let pooled = architecture.pooled();
    let dense = Dense { weight: values(pooled, pooled * hidden), bias: vec![0.0; hidden] };
    let heads = Dense { weight: values(hidden * 4, hidden * categories), bias: vec![0.0; categories] };
    Ok(Network { architecture: architecture.clone(), embedding: table, convolutions, hidden: dense, heads })
}

impl Network {
    /// Name, shape and values of each tensor, in the order in which they are stored.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>, &[f32])> {
        let Architecture { buckets, embedding, channels, hidden, categories, .. } = self.architecture;
        let pooled = self.architecture.pooled();
        let mut tensors = vec![("embedding".to_owned(), vec![buckets, embedding], self.embedding.as_slice())];
        for (index, convolution) in self.convolutions.iter().enumerate() {
            let shape = vec![convolution.width, embedding, channels];
            tensors.push((format!("convolution.{index}.weight"), shape, &convolution.weight));
            tensors.push((format!("convolution.{index}.bias"), vec![channels], &convolution.bias));
        }
        tensors.push(("hidden.weight".to_owned(), vec![pooled, hidden], &self.hidden.weight));
        tensors.push(("hidden.bias".to_owned(), vec![hidden], &self.hidden.bias));
        tensors.push(("heads.weight".to_owned(), vec![hidden, categories], &self.heads.weight));
        tensors.push(("heads.bias".to_owned(), vec![categories], &self.heads.bias));
        tensors
    }
}

struct Floats<'a> {
    shape: Vec<usize>,
    values: &'a [f32],
}

impl View for Floats<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

fn member(file: &SafeTensors<'_>, index: usize, architecture: &Architecture) -> Result<Network, Error> {
    let Architecture { buckets, embedding, channels, hidden, categories, .. } = *architecture;
    let read = |name: &str, expected: usize| read(file, &format!("{index}.{name}"), expected);
    let convolution = |(index, width): (usize, &usize)| {
        Ok(Convolution {
            width: *width,
            weight: read(&format!("convolution.{index}.weight"), width * embedding * channels)?,
            bias: read(&format!("convolution.{index}.bias"), channels)?,
        })
    };
    let dense = |name: &str, inputs: usize, outputs: usize| {
        Ok::<_, Error>(Dense {
            weight: read(&format!("{name}.weight"), inputs * outputs)?,
            bias: read(&format!("{name}.bias"), outputs)?,
        })
    };
    Ok(Network {
        architecture: architecture.clone(),
        embedding: read("embedding", buckets * embedding)?,
        convolutions: architecture
            .widths
            .iter()
            .enumerate()
            .map(convolution)
            .collect::<Result<_, Error>>()?,
        hidden: dense("hidden", architecture.pooled(), hidden)?,
        heads: dense("heads", hidden, categories)?,
    })
}

fn read(file: &SafeTensors<'_>, name: &str, expected: usize) -> Result<Vec<f32>, Error> {
    let tensor = file.tensor(name).map_err(|error| Error::Weights(format!("{name}: {error}")))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(Error::Weights(format!("{name} is not of type F32")));
    }
    let values: Vec<f32> =
        tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if values.len() != expected {
        return Err(Error::Shape { name: name.to_owned(), expected, found: values.len() });
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Error::Weights(format!("{name} has values that are not finite")));
    }
    Ok(values)
}

fn mean(rows: impl Iterator<Item = Vec<f32>>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    let mut count = 0_usize;
    for row in rows {
        sum.resize(sum.len().max(row.len()), 0.0);
        sum.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
        count += 1;
    }
    let scale = 1.0 / to_float(count.max(1));
    sum.iter_mut().for_each(|value| *value *= scale);
    sum
}

#[expect(clippy::cast_precision_loss, reason = "sizes of layers are far below 2^24")]
fn to_float(size: usize) -> f32 {
    size as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ensemble() -> Ensemble {
        let architecture = Architecture {
            buckets: 20,
            embedding: 3,
            widths: vec![1, 3],
            channels: 2,
            hidden: 4,
            categories: 2,
            context: false,
        };
        let member = |seed| random(&architecture, &mut Random::new(seed)).unwrap();
        Ensemble::new(vec![member(1), member(2)]).unwrap()
    }

    #[test]
    fn an_ensemble_comes_back_from_its_bytes_as_it_was() {
        let ensemble = ensemble();
        let bytes = ensemble.to_bytes().unwrap();
        assert_eq!(bytes, ensemble.to_bytes().unwrap());
        assert_eq!(Ensemble::from_bytes(&bytes, &digest(&bytes)).unwrap(), ensemble);
    }

    #[test]
    fn bytes_with_another_digest_are_refused() {
        let mut bytes = ensemble().to_bytes().unwrap();
        let expected = digest(&bytes);
        *bytes.last_mut().unwrap() ^= 1;
        assert!(matches!(Ensemble::from_bytes(&bytes, &expected), Err(Error::Digest { .. })));
    }

    #[test]
    fn broken_files_are_errors_and_never_panics() {
        let bytes = ensemble().to_bytes().unwrap();
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            assert!(Ensemble::from_bytes(cut, &digest(cut)).is_err());
        }
        let mut nan = bytes.clone();
        let end = nan.len();
        nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(Ensemble::from_bytes(&nan, &digest(&nan)).is_err());
    }

    #[test]
    fn the_digest_is_that_of_sha256sum() {
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_ensemble_says_the_mean_of_its_members() {
        let ensemble = ensemble();
        let sequence = Sequence { positions: vec![vec![3, 4], vec![5], vec![6, 7]] };
        let each: Vec<_> = ensemble.members().iter().map(|member| member.logits(&sequence)).collect();
        let mean = (each[0][1] + each[1][1]) / 2.0;
        assert!((ensemble.logits(&sequence)[1] - mean).abs() < 1e-6);
        assert_eq!(ensemble.judge(&sequence).logits, ensemble.logits(&sequence));
    }
}
