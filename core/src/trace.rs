//! stub
use crate::problem::Problem;
#[allow(missing_docs)]
#[derive(Clone, Debug)]
pub struct Row {
    pub arrival_ms: u64,
    pub departure_ms: Option<u64>,
    pub amounts: [i64; 5],
    pub own: [i64; 3],
    pub flavor: Option<Box<str>>,
    pub tenant: Option<Box<str>>,
    pub group: Option<Box<str>>,
    pub pool: Option<Box<str>>,
    pub priority: i32,
    pub name: Option<Box<str>>,
}
#[allow(missing_docs)]
pub fn rows(
    _f: &str,
    _r: Box<dyn std::io::Read>,
    _o: &[String],
) -> Result<std::vec::IntoIter<Result<Row, Problem>>, Problem> {
    Ok(Vec::new().into_iter())
}
