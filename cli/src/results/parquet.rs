//! `series.parquet`: the table of `series.csv`, with types, for those who load many runs.

use super::series::{Values, columns, times};
use fleetcast_core::report::Series;
use fleetcast_core::scenario::Scenario;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::sync::Arc;

/// The whole file.
///
/// # Errors
/// None that we know of: it is written into memory. The library's are handed on.
pub(crate) fn bytes(series: &Series, scenario: &Scenario) -> Result<Vec<u8>> {
    let table = columns(series);
    let mut fields = vec![column("time_s", Physical::DOUBLE)?, date_column()?];
    for Column { name, values } in &table {
        fields.push(match values {
            Values::Mean(_) => column(name, Physical::DOUBLE)?,
            Values::Whole(_) => column(name, Physical::INT64)?,
        });
    }
    let schema = Type::group_type_builder("series").with_fields(fields).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("fleetcast {}", env!("CARGO_PKG_VERSION")))
        .build();

    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    let seconds: Vec<f64> = times(series).map(|time| time.ms() as f64 / 1_000.0).collect();
    write::<DoubleType>(&mut group, &seconds)?;
    let epoch = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let epoch_ms = scenario.calendar.ms_until(epoch);
    let dates: Vec<i64> = times(series)
        .map(|time| i64::try_from(time.ms()).unwrap_or(i64::MAX).saturating_sub(epoch_ms))
        .collect();
    write::<Int64Type>(&mut group, &dates)?;
    for Column { values, .. } in &table {
        match values {
            Values::Mean(values) => write::<DoubleType>(&mut group, values)?,
            Values::Whole(values) => write::<Int64Type>(&mut group, values)?,
        }
    }
    group.close()?;
    file.into_inner()
}

use super::series::Column;

fn column(name: &str, physical: Physical) -> Result<Arc<Type>> {
    let builder = Type::primitive_type_builder(name, physical);
    Ok(Arc::new(builder.with_repetition(Repetition::REQUIRED).build()?))
}

/// Wall-clock time: the scenario has no time zone.
fn date_column() -> Result<Arc<Type>> {
    let logical = LogicalType::timestamp(false, TimeUnit::MILLIS);
    let builder = Type::primitive_type_builder("date", Physical::INT64);
    let builder = builder.with_repetition(Repetition::REQUIRED).with_logical_type(Some(logical));
    Ok(Arc::new(builder.build()?))
}

/// Writes the next column.
fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
) -> Result<()> {
    let mut column = group.next_column()?.expect("the schema has a column for each of ours");
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}
