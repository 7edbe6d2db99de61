//! todo
use super::Program;
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError;
impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("x")
    }
}
pub fn verify(_: &Program) -> Result<(), VerifyError> {
    Ok(())
}
