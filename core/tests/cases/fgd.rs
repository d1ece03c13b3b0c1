//! Fragmentation gradient descent: the host, its devices, and the score of each host that fits.

use super::engine::{expected, list, same_scores, text};
use crate::common::{add_hosts, bare, padded};
use fleetcast_core::placement::Placer;
use fleetcast_core::placement::account::Row;
use fleetcast_core::placement::compose::Tell;
use fleetcast_core::placement::filters::Filter;
use fleetcast_core::resources::{Builtin, DEVICE_MILLI, Kinds};
use fleetcast_core::scenario::*;
use fleetcast_core::state::{DeviceSet, HostId, Search, State, Vm, VmId};
use fleetcast_core::time::Time;
use rand::SeedableRng;
use serde_json::Value;
use std::collections::BTreeMap;

/// Makes every decision, over hosts and over classes; how many there were.
pub(crate) fn run(case: &Value, name: &str) -> Result<usize, String> {
    let mut scenario = bare(&[]);
    let kinds = [Builtin::Cpu, Builtin::Gpu];
    let kinds = kinds.map(|kind| (kind.name().to_owned(), kind.unit().to_owned()));
    scenario.kinds = Kinds::new(kinds.into());
    let typical = list(&case["params"]["typical"]).iter().map(|typical| {
        let share = typical["freq"].as_f64().ok_or("a frequency is not a number")?;
        let (cpu, gpu) = asked(typical)?;
        Ok(Typical { cpu, gpu, share, pool: None, labels: Vec::new() })
    });
    let typical = typical.collect::<Result<_, String>>()?;
    let ties = match case["params"]["ties"] == "random" {
        true => Ties::Random,
        false => Ties::LowestIndex,
    };
    scenario.placement.policy = Policy::Fgd(FgdRule { gpu: Some(1), cpu: Some(0), typical, ties });
    for host in list(&case["hosts"]) {
        let devices = list(&host["gpus"]).len() as i64;
        add_hosts(&mut scenario, &[number(&host["cpu"])?, DEVICE_MILLI * devices], 1);
    }
    for search in [Search::Hosts, Search::Classes] {
        decide(case, name, &scenario, search)?;
    }
    Ok(list(&case["requests"]).len())
}

fn decide(case: &Value, name: &str, scenario: &Scenario, search: Search) -> Result<(), String> {
    let mut state = State::new(scenario);
    state.search(search);
    let demand = DemandId::from_row(0);
    let vm = |host, ask| Vm { request: 0, placed: Time::ZERO, host, ask, demand };
    let for_good = Time::from_ms(u64::MAX);
    for (spec, told) in scenario.hosts.iter().zip(list(&case["hosts"])) {
        let host = state.add_host(spec.host_type, spec.rack, 0);
        // What a device lacks at the start is taken by somebody.
        for (device, left) in list(&told["gpus"]).iter().enumerate() {
            let taken = DEVICE_MILLI - number(left)?;
            if taken > 0 {
                let ask = state.ask(&padded(&[0, taken]), None, &[]);
                state.start_on(vm(host, ask), for_good, Some(DeviceSet::one(device)));
            }
        }
    }
    let placer = Placer::new(scenario);
    let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut alive: BTreeMap<String, VmId> = BTreeMap::new();
    for (at, request) in list(&case["requests"]).iter().enumerate() {
        let what = format!("{name}: {}", text(&request["id"]));
        if request["op"] == "remove" {
            let gone = alive.remove(&text(&request["id"])).map(|id| state.end(id));
            gone.iter().for_each(|vm| state.forget(vm.ask));
            assert_eq!(gone.map(|vm| vm.host.row()), expected(case, at), "{what}");
            continue;
        }
        let (cpu, gpu) = asked(request)?;
        let ask = state.ask(&padded(&[cpu, gpu]), None, &[]);
        let told = &case["explain"][at];
        if told["score"].is_array() {
            let filter = Filter::new(&state, ask);
            let fitting: Vec<_> = state.hosts.ids().filter(|host| filter.admits(*host)).collect();
            let tell = Tell { labels: &scenario.labels, kinds: &scenario.kinds };
            let account = placer.account(&state, &ask.into(), &fitting, tell);
            let rows = account.expect("the policy scores").rows;
            let score = |(host, row): (&HostId, &Row)| (host.row(), row.cells[0].raw);
            let ours: Vec<_> = fitting.iter().zip(&rows).map(score).collect();
            same_scores(&what, &ours, &told["score"]);
        }
        let host = placer.decide(&state, ask, &mut dice).ok();
        assert_eq!(host.map(|host| host.row()), expected(case, at), "{what}");
        let Some(host) = host else {
            state.forget(ask);
            continue;
        };
        let device = placer.device(&state, ask, host);
        let id = state.start_on(vm(host, ask), for_good, device);
        alive.insert(text(&request["id"]), id);
        if told["gpu"].is_array() && gpu > 0 {
            let ours: Vec<u64> = state.devices.of(id).iter().map(|device| device as u64).collect();
            let theirs = list(&told["gpu"]).iter().filter_map(Value::as_u64);
            assert_eq!(ours, theirs.collect::<Vec<_>>(), "{what}");
        }
    }
    Ok(())
}

fn number(value: &Value) -> Result<i64, String> {
    value.as_i64().ok_or_else(|| format!("`{value}` is not whole"))
}

/// CPU and GPUs.
fn asked(of: &Value) -> Result<(i64, i64), String> {
    let (count, each) = (number(&of["gpu_num"])?, number(&of["gpu_milli"])?);
    if count > 1 && each != DEVICE_MILLI {
        return Err("parts of several GPUs".to_owned());
    }
    Ok((number(&of["cpu"])?, count * each))
}
