//! `runs.csv` and `runs.parquet`: all rows, by run number. The same bytes however they came about.

use super::design::Design;
use super::effects::Effects;
use super::journal::Rows;
use super::row::{self, Column, Kind};
use crate::end::End;
use crate::store::{self, Batch};
use csv::StringRecord;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Rows that are held at a time: a row group of the Parquet file.
const GROUP: usize = 4_096;

/// Writes both, when all rows are there.
///
/// # Errors
/// A journal cannot be read any more, or the files cannot be written.
pub(super) fn publish(
    design: &Design,
    rows: &mut Rows,
    folder: &Path,
    effects: &mut Effects,
) -> Result<(), End> {
    let columns = row::columns(design);
    let mut spool = store::spool(folder)?;
    let mut batch = Batch::default();
    batch.add(&folder.join("runs.csv"), |out| {
        let names: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
        out.write_all(&row::line(&names))?;
        let mut parquet = Parquet::new(spool.try_clone()?, &columns)?;
        let mut line = Vec::new();
        for run in 0..design.runs() {
            rows.fetch(run, &mut line)?;
            out.write_all(&line)?;
            let cells = row::cells(&line).filter(|cells| cells.len() == columns.len());
            let cells = cells.ok_or_else(|| io::Error::other("a journal was changed"))?;
            parquet.add(&cells)?;
            effects.add(run, &cells);
        }
        parquet.finish()
    })?;
    batch.add(&folder.join("runs.parquet"), |out| store::pour(&mut spool, out))?;
    batch.publish()
}

/// Writes rows in groups.
struct Parquet {
    file: SerializedFileWriter<File>,
    columns: Vec<(bool, Cells)>,
    rows: usize,
}

/// The values of a column that wait to be written.
enum Cells {
    Whole(Vec<i64>, Vec<i16>),
    Number(Vec<f64>, Vec<i16>),
    Text(Vec<ByteArray>, Vec<i16>),
    Truth(Vec<bool>, Vec<i16>),
}

impl Parquet {
    fn new(file: File, columns: &[Column]) -> io::Result<Self> {
        let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>().map_err(broken)?;
        let schema =
            Type::group_type_builder("runs").with_fields(fields).build().map_err(broken)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("fleetcast {}", env!("CARGO_PKG_VERSION")))
            .build();
        let file = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties));
        let columns = columns.iter().map(|column| (column.is_optional, Cells::new(column.kind)));
        Ok(Self { file: file.map_err(broken)?, columns: columns.collect(), rows: 0 })
    }

    fn add(&mut self, row: &StringRecord) -> io::Result<()> {
        for (cell, (is_optional, column)) in row.iter().zip(&mut self.columns) {
            column
                .push(cell, *is_optional)
                .ok_or_else(|| io::Error::other(format!("`{cell}` does not belong into a row")))?;
        }
        self.rows += 1;
        if self.rows == GROUP { self.flush().map_err(broken) } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (is_optional, column) in &mut self.columns {
            match column {
                Cells::Whole(values, is) => {
                    write::<Int64Type>(&mut group, values, is, *is_optional)
                }
                Cells::Number(values, is) => {
                    write::<DoubleType>(&mut group, values, is, *is_optional)
                }
                Cells::Text(values, is) => {
                    write::<ByteArrayType>(&mut group, values, is, *is_optional)
                }
                Cells::Truth(values, is) => write::<BoolType>(&mut group, values, is, *is_optional),
            }?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.flush().map_err(broken)?;
        self.file.close().map(drop).map_err(broken)
    }
}

impl Cells {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Whole => Self::Whole(Vec::new(), Vec::new()),
            Kind::Number => Self::Number(Vec::new(), Vec::new()),
            Kind::Text => Self::Text(Vec::new(), Vec::new()),
            Kind::Truth => Self::Truth(Vec::new(), Vec::new()),
        }
    }

    /// Adds a cell; `None` if it is not of this column.
    fn push(&mut self, cell: &str, is_optional: bool) -> Option<()> {
        let is_there = !(is_optional && cell.is_empty());
        match self {
            Self::Whole(values, is) => push(values, is, is_there, || cell.parse().ok()),
            Self::Number(values, is) => push(values, is, is_there, || cell.parse().ok()),
            Self::Text(values, is) => push(values, is, is_there, || Some(cell.into())),
            Self::Truth(values, is) => push(values, is, is_there, || cell.parse().ok()),
        }
    }
}

fn push<T>(
    values: &mut Vec<T>,
    is: &mut Vec<i16>,
    is_there: bool,
    value: impl FnOnce() -> Option<T>,
) -> Option<()> {
    is.push(i16::from(is_there));
    if is_there {
        values.push(value()?);
    }
    Some(())
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &mut Vec<T::T>,
    is: &mut Vec<i16>,
    is_optional: bool,
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.expect("the schema has a column for each of ours");
    let levels = is_optional.then_some(is.as_slice());
    column.typed::<T>().write_batch(values, levels, None)?;
    values.clear();
    is.clear();
    column.close()
}

fn field(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Whole => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Truth => (Physical::BOOLEAN, None),
    };
    let repetition = if column.is_optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let builder = Type::primitive_type_builder(&column.name, physical);
    let builder = builder.with_repetition(repetition).with_logical_type(logical);
    Ok(Arc::new(builder.build()?))
}

fn broken(error: ParquetError) -> io::Error {
    io::Error::other(error.to_string())
}
