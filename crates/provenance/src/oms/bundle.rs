//! Sigstore bundles, as far as model signatures use them.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};

use super::verdict::{Problem, Reason};
use crate::dsse::{Envelope, base64_text, parse};

/// A bundle of a million files is smaller.
pub const LARGEST_BUNDLE: usize = 64 << 20;
/// What bundles call themselves.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What older keyless bundles call themselves.
const OLDER: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.2+json",
];

/// A signed statement, and what says who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Which version of the format it is.
    pub media_type: String,
    /// Who signed, as the bundle says.
    pub material: Material,
    /// What was signed. It has exactly one signature.
    pub envelope: Envelope,
}

/// What says who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// A key that the verifier has to know.
    Key(KeyMaterial),
    /// Certificates as DER, the signer's first.
    Certificates(Vec<Vec<u8>>),
    /// A certificate that Sigstore issued for this one signature; the rest of it, timestamps and entries of transparency
    /// logs, is for a verifier of such bundles.
    Keyless,
}

/// A key that the verifier has to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyMaterial {
    /// SHA-256 of the key's PEM text, in hexadecimal digits.
    pub hint: Option<String>,
    /// The key's PEM text, in bundles of before version 1.
    pub pem: Option<Vec<u8>>,
}

impl Bundle {
    /// Reads a bundle. Nothing in it is to be believed yet.
    ///
    /// # Errors
    /// A [`Reason::Format`] problem when the bytes are no bundle of a version that is known, or when it has no signature,
    /// or more than one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let read: Read = parse(bytes, LARGEST_BUNDLE)
            .map_err(|error| format(format!("the signature file is no Sigstore bundle: {error}")))?;
        let material = read.verification_material.material()?;
        let known = read.media_type == MEDIA_TYPE
            || (material == Material::Keyless && OLDER.contains(&read.media_type.as_str()));
        if !known {
            return Err(
                format("the bundle is of a version that is not known").between(MEDIA_TYPE, read.media_type)
            );
        }
        let envelope = read
            .dsse_envelope
            .ok_or_else(|| format("the bundle has no DSSE envelope, so that it signs no model"))?;
        match envelope.signatures.len() {
            1 => Ok(Self { media_type: read.media_type, material, envelope }),
            count => Err(format("a bundle has exactly one signature").between("1", count.to_string())),
        }
    }

    /// The bundle on one line.
    ///
    /// # Errors
    /// For keyless bundles, whose other material is not kept.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&WrittenBundle {
            media_type: &self.media_type,
            verification_material: &self.material,
            dsse_envelope: &self.envelope,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenBundle<'a> {
    media_type: &'a str,
    verification_material: &'a Material,
    dsse_envelope: &'a Envelope,
}

impl Serialize for Material {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Key(key) => map.serialize_entry("publicKey", &Hint { hint: key.hint.as_deref() })?,
            Self::Certificates(certificates) => {
                let certificates =
                    certificates.iter().map(|bytes| Raw { raw_bytes: bytes.clone() }).collect();
                map.serialize_entry("x509CertificateChain", &Chain { certificates })?;
            }
            Self::Keyless => return Err(serde::ser::Error::custom("keyless material is not kept")),
        }
        map.serialize_entry::<_, [(); 0]>("tlogEntries", &[])?;
        map.end()
    }
}

#[derive(Serialize)]
struct Hint<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    #[serde(alias = "media_type")]
    media_type: String,
    #[serde(alias = "verification_material")]
    verification_material: ReadMaterial,
    #[serde(alias = "dsse_envelope")]
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadMaterial {
    #[serde(alias = "public_key")]
    public_key: Option<ReadKey>,
    #[serde(alias = "x509_certificate_chain")]
    x509_certificate_chain: Option<Chain>,
    certificate: Option<Raw>,
}

impl ReadMaterial {
    fn material(self) -> Result<Material, Problem> {
        match (self.public_key, self.x509_certificate_chain, self.certificate) {
            (Some(key), None, None) => Ok(Material::Key(KeyMaterial {
                hint: key.hint.filter(|hint| !hint.is_empty()),
                pem: key.raw_bytes.map(|raw| raw.0),
            })),
            (None, Some(chain), None) => {
                Ok(Material::Certificates(chain.certificates.into_iter().map(|raw| raw.raw_bytes).collect()))
            }
            (None, None, Some(_)) => Ok(Material::Keyless),
            (None, None, None) => {
                Err(format("the bundle does not say who signed: no key and no certificate"))
            }
            _ => Err(format("the bundle names more than one kind of signer")),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadKey {
    hint: Option<String>,
    #[serde(alias = "raw_bytes")]
    raw_bytes: Option<Base64>,
}

#[derive(Deserialize)]
struct Base64(#[serde(with = "base64_text")] Vec<u8>);

#[derive(Serialize, Deserialize)]
struct Chain {
    certificates: Vec<Raw>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(with = "base64_text", alias = "raw_bytes")]
    raw_bytes: Vec<u8>,
}

fn format(detail: impl Into<String>) -> Problem {
    Problem::new(Reason::Format, detail)
}
