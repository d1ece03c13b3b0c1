//! Reading.
mod findings;
mod tree;
