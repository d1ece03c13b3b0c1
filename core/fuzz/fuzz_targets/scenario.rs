//! Any text is a scenario, or problems; what comes out of it leads nowhere that is not there.
//! `cargo fuzz run scenario fuzz/corpus/scenario tests/read` begins with a file that has every key.

#![no_main]

use fleetcast_core::problem::Severity;
use fleetcast_core::read::{Input, Override, read};
use fleetcast_core::source::MemoryFiles;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    // After a NUL comes `KEY=VALUE`.
    let (text, set) = text.split_once('\0').unwrap_or((&text, ""));
    let set = set.split_once('=').map(|(key, value)| Override {
        key: key.to_owned(),
        value: value.to_owned(),
    });
    let overrides: Vec<Override> = set.into_iter().collect();
    let file = if text.trim_start().starts_with('{') { "s.json" } else { "s.toml" };

    let mut files = MemoryFiles::default();
    files.insert("hosts.csv", b"name,model,cpu,mem_mib\nh1,compute,,\nh2,,4,64\n".as_slice());
    files.insert("requests.csv", b"arrival_s,lifetime_s,vcpu,mem_mib\n0,60,1,64\n".as_slice());
    files.insert("lifetimes.csv", b"lifetime_s\n60\n".as_slice());

    match read(&Input { file, text, overrides: &overrides }, &files) {
        Ok(read) => {
            let scenario = read.scenario;
            assert!(read.warnings.list.iter().all(|p| p.severity == Severity::Warning));
            assert!(scenario.duration_ms > 0);
            assert!(scenario.pools.iter().all(|pool| !pool.racks.is_empty()));
            for host in &scenario.hosts {
                let host_type = &scenario.host_types[host.host_type.row()];
                let model = &scenario.models[host_type.model.row()];
                assert!(model.effective.iter().all(|amount| *amount >= 0));
                let rack = &scenario.racks[host.rack.row()];
                assert!(rack.zone.row() < scenario.zones.len());
            }
            for demand in &scenario.demands {
                assert!(demand.tenant.row() < scenario.tenants.len());
                assert!(demand.mix.iter().all(|(row, _)| row.row() < scenario.flavors.len()));
            }
        }
        Err(problems) => assert!(problems.has_errors()),
    }
});
