//! Images and services.

use super::boots::Dependencies;
use super::check::{Check, Table};
use super::fields::{Field, image, root, service};
use super::fleet::Fleet;
use super::load::Load;
use super::pool_shares::{PoolShare, read_shares};
use super::spreads::{self, Allow};
use super::traffic::{read_autoscale, read_traffic};
use super::tree::{Node, Value};
use crate::scenario::{
    Autoscale, Defects, DemandId, Distribution, Image, ImageId, Layer, Service, ServiceId,
};
use crate::time::{MINUTE_MS, SECOND_MS};
use crate::units::shorten;
use std::collections::BTreeMap;

/// The most instances of all services.
const INSTANCES_MAX: u64 = 2_000_000;

/// The most looks at the traffic of one service.
const LOOKS_MAX: u64 = 20_000_000;

/// The most layers of one image.
const LAYERS_MAX: usize = 127;

/// Images and services so far.
#[derive(Default)]
pub(crate) struct Services {
    pub(crate) images: Vec<Image>,
    image_rows: BTreeMap<String, usize>,
    layers: BTreeMap<String, u64>,
    pub(crate) dependencies: Dependencies,
    pub(crate) services: Vec<Service>,
    service_rows: BTreeMap<String, usize>,
}

impl Services {
    /// Reads the images.
    pub(crate) fn read_images(&mut self, check: &mut Check<'_>, node: &Node) {
        let key = root::IMAGES.key;
        let Some(entries) = node.table() else {
            let message = format!("`{key}` is a table of images, not {}", node.kind());
            check.error_hint(node.at, message, format!("write it like `[{key}.web]`"));
            return;
        };
        for entry in entries {
            let is_name = check.is_name("image", &entry.key, entry.key_at);
            let Some(table) = check.open(&entry.key, &entry.node, entry.key_at, &[&image::SECTION])
            else {
                continue;
            };
            let image = self.read_image(check, &entry.key, &table);
            // A name that is there is known, whatever is wrong with the rest.
            self.image_rows.insert(entry.key.clone(), self.images.len());
            self.images.extend(image.filter(|_| is_name));
        }
    }

    fn read_image(
        &mut self,
        check: &mut Check<'_>,
        name: &str,
        table: &Table<'_>,
    ) -> Option<Image> {
        let layers = match table.get(&image::LAYERS) {
            Some(node) => self.read_layers(check, node),
            None => Some(Vec::new()),
        };
        let of_layers = layers.iter().flatten().map(|layer| layer.size_mib).sum();
        let size_mib = match table.get(&image::SIZE) {
            Some(node) => {
                let mib = check.mib(image::SIZE.key, node);
                if mib.is_some_and(|mib| mib < of_layers) {
                    let message = format!("its layers are larger: {of_layers} MiB together");
                    check.error_hint(node.at, message, "leave `size` out, or raise it");
                }
                mib
            }
            None => Some(of_layers),
        };
        let boot = match table.get(&image::BOOT) {
            Some(node) => {
                spreads::read(check, image::BOOT.key, node, Allow { forever: false, zero: true })
            }
            None => Some(Distribution::Constant(0)),
        };
        let min_ready_ms = length(check, table, &image::MIN_READY, 0);
        let mut share = |field: &'static Field| match table.get(field) {
            Some(node) => {
                let share = check.share(field.key, node)?;
                if share > 1.0 {
                    check.error(node.at, format!("`{}` is at most 100%", field.key));
                }
                Some(share)
            }
            None => Some(0.0),
        };
        let fails_to_boot = share(&image::FAILS_TO_BOOT);
        let fails_checks = share(&image::FAILS_CHECKS);
        let found_bad_after_ms = match table.get(&image::FOUND_BAD_AFTER) {
            Some(node) => check.length_ms(image::FOUND_BAD_AFTER.key, node, 1).map(Some),
            None => Some(None),
        };
        let tries = self.dependencies.read_tries(check, table);
        Some(Image {
            name: name.to_owned(),
            size_mib: size_mib?,
            layers: layers?,
            boot: boot?,
            min_ready_ms: min_ready_ms?,
            defects: Defects {
                fails_to_boot: fails_to_boot?,
                fails_checks: fails_checks?,
                found_bad_after_ms: found_bad_after_ms?,
            },
            tries: tries?,
        })
    }

    fn read_layers(&mut self, check: &mut Check<'_>, node: &Node) -> Option<Vec<Layer>> {
        let key = image::LAYERS.key;
        let Some(entries) = node.table() else {
            let message = format!("`{key}` is a table, not {}", node.kind());
            check.error_hint(
                node.at,
                message,
                format!("write it like `{}`", image::LAYERS.example),
            );
            return None;
        };
        if entries.len() > LAYERS_MAX {
            check.error(node.at, format!("`{key}` has more than {LAYERS_MAX} entries"));
            return None;
        }
        let mut layers = Vec::new();
        for entry in entries {
            let is_name = check.is_name("layer", &entry.key, entry.key_at);
            let Some(size_mib) = check.mib(&entry.key, &entry.node) else { continue };
            let known = *self.layers.entry(entry.key.clone()).or_insert(size_mib);
            if known != size_mib {
                let shown = shorten(&entry.key);
                let message = format!("the layer `{shown}` has {known} MiB in another image");
                check.error_hint(entry.node.at, message, "give it another name, or the same size");
            }
            if is_name {
                layers.push(Layer { name: entry.key.clone(), size_mib });
            }
        }
        (layers.len() == entries.len()).then_some(layers)
    }

    /// Reads the services: each is a demand too.
    pub(crate) fn read_services(
        &mut self,
        check: &mut Check<'_>,
        fleet: &Fleet,
        load: &mut Load,
        node: &Node,
    ) {
        let key = root::SERVICE.key;
        for node in check.list(key, node, false) {
            if let Some(table) = check.open(key, node, node.at, &[&service::SECTION]) {
                let name = table.get(&service::NAME).and_then(text);
                let demand = load.demands.len();
                let read = load.read_instances(check, fleet, &table);
                let service = self.read_service(check, &table, demand);
                let shares = read_shares(check, fleet, &table);
                if let Some(service) = service.as_ref().filter(|_| !shares.is_empty()) {
                    if read.is_some() {
                        load.split_instances(&shares);
                        self.split(check, &table, service, &shares);
                    }
                    continue;
                }
                if let Some(name) = name {
                    self.service_rows.insert(name.to_owned(), self.services.len());
                }
                self.services.extend(service.filter(|_| read.is_some()));
            }
        }
        let instances: u64 = self.services.iter().map(|service| u64::from(service.instances)).sum();
        if instances > INSTANCES_MAX {
            let message =
                format!("these are {instances} instances, and {INSTANCES_MAX} are the most");
            check.error_hint(node.at, message, "lower `instances`");
        }
    }

    /// A service in several pools: its instances, rounded up, in each.
    fn split(
        &mut self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        whole: &Service,
        shares: &[PoolShare],
    ) {
        if whole.traffic.is_some() {
            let hint = "write a service for each pool, with the part of the traffic that it serves";
            let message = "a service with `traffic` runs in one pool";
            check.error_hint(table.at_key(&service::TRAFFIC), message, hint);
        }
        for (row, share) in shares.iter().enumerate() {
            let name = share.name_of(&whole.name);
            let instances = share.whole_of(whole.instances);
            let demand = DemandId::from_row(whole.demand.row() + row);
            let requests_per_s = whole.requests_per_s.map(|requests| requests * share.share);
            self.service_rows.insert(name.clone(), self.services.len());
            let instances = instances.min(INSTANCES_MAX as f64) as u32;
            self.services.push(Service {
                name,
                instances,
                demand,
                requests_per_s,
                ..whole.clone()
            });
        }
    }

    fn read_service(
        &self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        demand: usize,
    ) -> Option<Service> {
        let image = table.must(check, &service::IMAGE);
        let image = image.and_then(|node| self.image_named(check, service::IMAGE.key, node));
        let instances = table.must(check, &service::INSTANCES);
        let instances = instances
            .and_then(|node| check.whole(service::INSTANCES.key, node, 1, INSTANCES_MAX))
            .and_then(|count| u32::try_from(count).ok());
        let grace_ms = length(check, table, &service::GRACE, 0);
        let min_ready_ms = match table.get(&service::MIN_READY) {
            Some(node) => check.length_ms(service::MIN_READY.key, node, 0).map(Some),
            None => Some(None),
        };
        let traffic = match table.get(&service::TRAFFIC) {
            Some(node) => {
                if table.get(&service::REQUESTS).is_some() {
                    let at = table.at_key(&service::REQUESTS);
                    let hint = "leave `requests` out";
                    check.error_hint(at, "`traffic` says how many requests there are", hint);
                }
                read_traffic(check, node).map(Some)
            }
            None => Some(None),
        };
        let autoscale = match table.get(&service::AUTOSCALE) {
            Some(node) => {
                if table.get(&service::TRAFFIC).is_none() {
                    let message = "`autoscale` follows traffic, and there is none";
                    check.error_hint(node.at, message, "add `traffic`");
                }
                read_autoscale(check, node, instances).map(Some)
            }
            None => Some(None),
        };
        self.check_looks(check, table, autoscale.flatten(), traffic.is_some());
        let requests_per_s = match table.get(&service::REQUESTS) {
            Some(node) => {
                let per_ms = check.rate(service::REQUESTS.key, node);
                per_ms.map(|per_ms| Some(per_ms * SECOND_MS as f64))
            }
            // Of traffic, what comes on average.
            None => Some(traffic.as_ref().and_then(|traffic| {
                let run_ms = check.run_ms().max(1);
                let area = traffic.as_ref()?.per_ms.area(run_ms);
                Some(area / run_ms as f64 * SECOND_MS as f64)
            })),
        };
        Some(Service {
            name: table.get(&service::NAME).and_then(text)?.to_owned(),
            image: image?,
            instances: instances?,
            demand: DemandId::from_row(demand),
            grace_ms: grace_ms?,
            min_ready_ms: min_ready_ms?,
            requests_per_s: requests_per_s?,
            traffic: traffic?,
            autoscale: autoscale?,
        })
    }

    /// Turns away rules that would look at their traffic for hours.
    fn check_looks(
        &self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        rule: Option<Autoscale>,
        has_traffic: bool,
    ) {
        let period_ms = rule.map_or(MINUTE_MS, |rule| rule.period_ms);
        let looks = check.run_ms() / period_ms;
        if has_traffic && looks > LOOKS_MAX {
            let message = format!("its traffic would be looked at {looks} times in this run");
            let hint = format!("lengthen `period`, or shorten the run: {LOOKS_MAX} are the most");
            check.error_hint(table.at, message, hint);
        }
    }

    /// The image that a key names.
    pub(crate) fn image_named(
        &self,
        check: &mut Check<'_>,
        key: &str,
        node: &Node,
    ) -> Option<ImageId> {
        let name = check.name(key, node)?;
        let row = self.image_rows.get(name).copied();
        if row.is_none() {
            check.unknown_name(node.at, "image", name, self.image_rows.keys().map(String::as_str));
        }
        row.map(ImageId::from_row)
    }

    /// The service that a key names.
    pub(crate) fn service_named(
        &self,
        check: &mut Check<'_>,
        key: &str,
        node: &Node,
    ) -> Option<ServiceId> {
        let name = check.name(key, node)?;
        let row = self.service_rows.get(name).copied();
        if row.is_none() {
            let known = self.service_rows.keys().map(String::as_str);
            check.unknown_name(node.at, "service", name, known);
        }
        row.map(ServiceId::from_row)
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// A duration, or another where nothing is said, ms.
pub(crate) fn length(
    check: &mut Check<'_>,
    table: &Table<'_>,
    field: &'static Field,
    default_ms: u64,
) -> Option<u64> {
    match table.get(field) {
        Some(node) => check.length_ms(field.key, node, 0),
        None => Some(default_ms),
    }
}
