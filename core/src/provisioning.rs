//! Provisioning: what lies between a request and a VM that is ready. Operators' queues, how an
//! image reaches its hosts, whether and when a boot succeeds, how much memory to ask for.

pub mod queueing;
pub mod desk;
pub mod images;
pub mod pulls;
pub mod boot;
pub mod dependency;
pub mod jvm;
