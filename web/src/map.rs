//! The fleet map: where each host is drawn. Zones below each other, their racks side by side,
//! each rack's hosts in a block, all cells of one size: the largest with which the map fits.

use fleetcast_core::frames::NewHost;

/// The largest cell, px: more would not show more.
const CELL_MAX: u32 = 26;
/// The smallest cell in which states can be told apart, px.
const CELL_MIN: u32 = 3;
/// Cells of this size and more have a gap of a pixel between them.
const GAP_FROM: u32 = 5;
/// The height of a line of labels, px.
const LABEL: u32 = 18;
/// The distance between zones, px.
const ZONE_GAP: u32 = 10;
/// A rack with a name is at least so wide, px.
const NAME_WIDTH: u32 = 46;

/// The map's layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Width, px.
    pub width: u32,
    /// Height, px.
    pub height: u32,
    /// Side of a host's square with the gap behind it, px.
    pub cell: u32,
    /// By host: its upper left corner, px.
    pub corners: Vec<(u32, u32)>,
    /// What is written where.
    pub labels: Vec<Label>,
    blocks: Vec<Block>,
}

/// A word on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Left end, px.
    pub x: u32,
    /// Middle of the line, px.
    pub y: u32,
    /// How wide it may be, px.
    pub width: u32,
    /// The word.
    pub text: String,
    /// Whether it names a zone; else a rack.
    pub is_zone: bool,
}

/// A rack on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    x: u32,
    y: u32,
    columns: u32,
    rack: usize,
    hosts: Vec<u32>,
}

impl Map {
    /// The layout of hosts in racks (name and row of the zone), in `width` px, and in `height` px
    /// if that is possible.
    pub fn new(
        zones: &[String],
        racks: &[(String, u32)],
        hosts: &[NewHost],
        width: u32,
        height: u32,
    ) -> Self {
        let mut by_rack: Vec<Vec<u32>> = vec![Vec::new(); racks.len()];
        for (host, new) in (0..).zip(hosts) {
            if let Some(rack) = by_rack.get_mut(new.rack.row()) {
                rack.push(host);
            }
        }
        // Blocks may be narrow or wide, whatever leaves the squares largest. Measuring goes by
        // racks; hosts are placed once.
        let largest = by_rack.iter().map(Vec::len).max().unwrap_or(0) as u32;
        let filled = by_rack.iter().filter(|hosts| !hosts.is_empty()).count();
        let shapes = match filled {
            0..=2 => [4.0, 8.0, 2.0, 1.0, 0.6, 0.3],
            _ => [0.6, 1.0, 1.8, 3.2, 0.3, 6.0],
        };
        let columns =
            shapes.map(|shape| (f64::from(largest) * shape).sqrt().ceil().max(1.0) as u32);
        let fits = |cell: u32| {
            columns.into_iter().find_map(|columns| {
                let map = lay_out(zones, racks, &by_rack, width, columns, cell);
                (map.height <= height).then_some(map)
            })
        };
        let mut map = (CELL_MIN + 1..=CELL_MAX)
            .rev()
            .find_map(fits)
            .unwrap_or_else(|| lay_out(zones, racks, &by_rack, width, width / CELL_MIN, CELL_MIN));
        map.corners = vec![(0, 0); hosts.len()];
        for block in &mut map.blocks {
            block.hosts = std::mem::take(&mut by_rack[block.rack]);
            for (place, host) in (0..).zip(&block.hosts) {
                let (column, row) = (place % block.columns, place / block.columns);
                map.corners[*host as usize] =
                    (block.x + column * map.cell, block.y + row * map.cell);
            }
        }
        map
    }

    /// Side of a host's square without the gap, px.
    pub fn ink(&self) -> u32 {
        if self.cell >= GAP_FROM { self.cell - 1 } else { self.cell }
    }

    /// The host at a place, if one is there.
    pub fn host_at(&self, x: f64, y: f64) -> Option<u32> {
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let (x, y) = (x as u32, y as u32);
        self.blocks.iter().find_map(|block| {
            let (column, row) = (x.checked_sub(block.x)?, y.checked_sub(block.y)?);
            let (column, row) = (column / self.cell, row / self.cell);
            (column < block.columns)
                .then(|| block.hosts.get((row * block.columns + column) as usize).copied())
                .flatten()
        })
    }

    /// The host beside another, for who moves with the keys: `dx` and `dy` are -1, 0 or 1. The
    /// nearest in that direction; the same host if there is none.
    pub fn beside(&self, host: u32, dx: i32, dy: i32) -> u32 {
        let Some(&(x, y)) = self.corners.get(host as usize) else { return host };
        let (x, y) = (i64::from(x), i64::from(y));
        let score = |other: &(u32, u32)| {
            let along =
                (i64::from(other.0) - x) * i64::from(dx) + (i64::from(other.1) - y) * i64::from(dy);
            let aside =
                (i64::from(other.0) - x) * i64::from(dy) + (i64::from(other.1) - y) * i64::from(dx);
            (along > 0).then(|| along + 4 * aside.abs())
        };
        let others = self.corners.iter().zip(0..).filter_map(|(at, row)| Some((score(at)?, row)));
        others.min().map_or(host, |(_, row)| row)
    }
}

/// Where racks and words go; no host is placed yet.
fn lay_out(
    zones: &[String],
    racks: &[(String, u32)],
    by_rack: &[Vec<u32>],
    width: u32,
    columns: u32,
    cell: u32,
) -> Map {
    let has_names = cell >= 7;
    let mut map = Map { width, cell, ..Map::default() };
    let most = (width / cell).max(1);
    let columns = columns.min(most);
    let rack_gap = cell.clamp(4, 14);
    let mut y = 0;
    for (zone, name) in zones.iter().enumerate() {
        let here = racks.iter().zip(by_rack).enumerate();
        let here = here.filter(|(_, ((_, of), hosts))| *of as usize == zone && !hosts.is_empty());
        let mut x = 0;
        let mut row_height = 0;
        let mut is_first = true;
        for (row, ((rack, _), hosts)) in here {
            if is_first {
                let text = name.clone();
                map.labels.push(Label { x: 0, y: y + LABEL / 2, width, text, is_zone: true });
                y += LABEL;
                is_first = false;
            }
            let columns = columns.min(hosts.len() as u32);
            let block_width = (columns * cell).max(if has_names { NAME_WIDTH } else { 0 });
            if x > 0 && x + block_width > width {
                y += row_height + rack_gap;
                (x, row_height) = (0, 0);
            }
            let mut top = y;
            if has_names {
                let text = rack.clone();
                map.labels.push(Label {
                    x,
                    y: y + LABEL / 2,
                    width: block_width,
                    text,
                    is_zone: false,
                });
                top += LABEL - 2;
            }
            let rows = (hosts.len() as u32).div_ceil(columns);
            map.blocks.push(Block { x, y: top, columns, rack: row, hosts: Vec::new() });
            row_height = row_height.max(top - y + rows * cell);
            x += block_width + rack_gap;
        }
        if !is_first {
            y += row_height + ZONE_GAP;
        }
    }
    map.height = y.saturating_sub(ZONE_GAP).max(1);
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use fleetcast_core::scenario::{HostTypeId, RackId};

    fn fleet(racks: u32, hosts: u32) -> (Vec<String>, Vec<(String, u32)>, Vec<NewHost>) {
        let zones = vec!["east".to_owned(), "west".to_owned()];
        let named = (0..racks).map(|rack| (format!("r{rack}"), rack % 2)).collect();
        let host_type = HostTypeId::from_row(0);
        let host = |host: u32| NewHost {
            rack: RackId::from_row((host % racks) as usize),
            host_type,
            born_ms: 0,
        };
        (zones, named, (0..hosts).map(host).collect())
    }

    fn check(racks: u32, hosts: u32, width: u32, height: u32) -> Map {
        let (zones, racks, hosts) = fleet(racks, hosts);
        let map = Map::new(&zones, &racks, &hosts, width, height);
        let mut corners = map.corners.clone();
        corners.sort_unstable();
        corners.dedup();
        assert_eq!(corners.len(), hosts.len(), "no two hosts share a place");
        for (&(x, y), host) in map.corners.iter().zip(0..) {
            assert!(x + map.cell <= width && y + map.ink() <= map.height);
            assert_eq!(map.host_at(f64::from(x) + 1.0, f64::from(y) + 1.0), Some(host));
        }
        map
    }

    #[test]
    fn every_host_has_a_place_of_its_own_and_is_found_there() {
        assert!(check(8, 2_000, 900, 420).height <= 420);
        assert_eq!(check(1, 20, 900, 420).cell, CELL_MAX);
        assert!(check(40, 2_000, 340, 420).cell >= CELL_MIN);
        assert_eq!(check(100, 100_000, 1_200, 420).cell, CELL_MIN);
    }

    #[test]
    fn nothing_is_where_no_host_is() {
        let map = check(2, 5, 500, 300);
        assert_eq!(map.host_at(-1.0, 5.0), None);
        assert_eq!(map.host_at(499.0, 299.0), None);
        let (zones, racks, _) = fleet(2, 0);
        assert_eq!(Map::new(&zones, &racks, &[], 500, 300).host_at(1.0, 1.0), None);
    }

    #[test]
    fn keys_lead_to_the_neighbour() {
        let map = check(1, 20, 900, 420);
        let right = map.beside(0, 1, 0);
        assert_eq!(map.corners[right as usize], (map.corners[0].0 + map.cell, map.corners[0].1));
        assert_eq!(map.beside(right, -1, 0), 0);
        let below = map.beside(0, 0, 1);
        assert_eq!(map.corners[below as usize], (map.corners[0].0, map.corners[0].1 + map.cell));
        assert_eq!(map.beside(0, -1, 0), 0);
    }
}
