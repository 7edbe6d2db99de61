//! The `.stagegate` form of a program: a head that says what it is, and the program itself.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | the magic number; like that of PNG it shows what a careless copy does to line breaks |
//! | 4 | the version of the form, little endian like all numbers here |
//! | 8 | the length of the program |
//! | 32 | the SHA-256 of the program |
//! | rest | the program, in postcard |

use super::Program;
use super::verify::VerifyError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// What a compiled program begins with.
pub const MAGIC: [u8; 8] = *b"\x89SGATE\r\n";
/// The version of the form. Another one is refused: programs are compiled again.
pub const FORMAT_VERSION: u32 = 3;
/// No compiled program is larger; what claims to be is not read.
pub const MAX_FILE: usize = 64 << 20;

const HEAD: usize = 8 + 4 + 8 + 32;

/// Names a program by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramHash(pub [u8; 32]);

impl fmt::Display for ProgramHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a program cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    NotAProgram,
    /// Made by another version of Stagegate: the version of its form.
    OtherVersion(u32),
    Truncated,
    TooLarge,
    Damaged(String),
    /// A pipeline prints the way of a locale of which this build has no data: their names.
    NoLocale(String, String),
    /// Whole, but not a program that can run.
    Refused(VerifyError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::NotAProgram => f.write_str("this is not a compiled program"),
            LoadError::OtherVersion(version) if *version > FORMAT_VERSION => write!(
                f,
                "the program was compiled by a newer version of stagegate (its form is {version}, this version reads \
                 {FORMAT_VERSION}): compile it again with this one, or run it with that one"
            ),
            LoadError::OtherVersion(version) => write!(
                f,
                "the program was compiled by an older version of stagegate (its form is {version}, this version reads \
                 {FORMAT_VERSION}): compile it again"
            ),
            LoadError::Truncated => f.write_str("the program is cut off: a part at its end is missing"),
            LoadError::TooLarge => write!(f, "the program is larger than {} MiB", MAX_FILE >> 20),
            LoadError::Damaged(what) => write!(f, "the program is damaged: {what}"),
            LoadError::NoLocale(pipeline, name) => match crate::value::locale::CLDR {
                Some(version) => write!(
                    f,
                    "the pipeline `{pipeline}` prints for the locale `{name}`, which the locale data of this build ({version}) \
                     does not have"
                ),
                None => write!(
                    f,
                    "the pipeline `{pipeline}` prints for the locale `{name}`, and this build of stagegate has no locales"
                ),
            },
            LoadError::Refused(error) => write!(f, "the program is damaged: {error}"),
        }
    }
}

impl std::error::Error for LoadError {}

impl Program {
    /// The program as a file. Fails only if it is too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LoadError> {
        let body = self.body()?;
        if HEAD + body.len() > MAX_FILE {
            return Err(LoadError::TooLarge);
        }
        let mut bytes = Vec::with_capacity(HEAD + body.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&hash(&body).0);
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// Reads a file. What comes out is whole, but not yet proven: see [`verify`](super::verify::verify).
    pub fn from_bytes(bytes: &[u8]) -> Result<Program, LoadError> {
        if bytes.len() > MAX_FILE {
            return Err(LoadError::TooLarge);
        }
        let known = bytes.len().min(MAGIC.len());
        if bytes.is_empty() || bytes[..known] != MAGIC[..known] {
            return Err(LoadError::NotAProgram);
        }
        let mut rest = &bytes[known..];
        let version = u32::from_le_bytes(take(&mut rest)?);
        if version != FORMAT_VERSION {
            return Err(LoadError::OtherVersion(version));
        }
        let length = u64::from_le_bytes(take(&mut rest)?);
        let expected = ProgramHash(take(&mut rest)?);
        match (rest.len() as u64).cmp(&length) {
            std::cmp::Ordering::Less => return Err(LoadError::Truncated),
            std::cmp::Ordering::Greater => {
                return Err(LoadError::Damaged("there is more behind its end".into()));
            }
            std::cmp::Ordering::Equal => {}
        }
        if hash(rest) != expected {
            return Err(LoadError::Damaged("its content does not have the hash that it says".into()));
        }
        match postcard::take_from_bytes::<Program>(rest) {
            Ok((program, [])) => Ok(program),
            Ok(_) => Err(LoadError::Damaged("there is more behind its end".into())),
            Err(_) => Err(LoadError::Damaged("its content cannot be read".into())),
        }
    }

    /// Names the program by its content: the same sources give the same hash.
    pub fn hash(&self) -> ProgramHash {
        hash(&self.body().unwrap_or_default())
    }

    fn body(&self) -> Result<Vec<u8>, LoadError> {
        postcard::to_allocvec(self).map_err(|_| LoadError::Damaged("it cannot be written".into()))
    }
}

fn hash(body: &[u8]) -> ProgramHash {
    ProgramHash(Sha256::digest(body).into())
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], LoadError> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or(LoadError::Truncated)?;
    *bytes = rest;
    Ok(*head)
}
