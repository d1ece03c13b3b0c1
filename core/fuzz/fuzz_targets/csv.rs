//! Any bytes are a trace, an inventory and samples, or problems; the two passes over a trace agree.

#![no_main]

use std::io::{Cursor, Read};

use fleetcast_core::inventory::read_inventory;
use fleetcast_core::problem::Problems;
use fleetcast_core::samples::read_samples;
use fleetcast_core::trace::{rows, survey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let reader = || -> Box<dyn Read> { Box::new(Cursor::new(bytes.to_vec())) };
    let own = ["slots".to_owned()];

    let mut problems = Problems::default();
    match survey("t.csv", reader(), &own, &mut problems) {
        Some(survey) => {
            assert!(!problems.has_errors());
            let rows = rows("t.csv", reader(), &own).expect("the survey found no error");
            let mut count = 0;
            for row in rows {
                let row = row.expect("the survey found no error");
                assert!(row.departure_ms.is_none_or(|ms| ms >= row.arrival_ms));
                assert!(row.arrival_ms <= survey.last_ms);
                count += 1;
            }
            assert_eq!(count, survey.rows);
        }
        None => assert!(problems.has_errors()),
    }

    let mut problems = Problems::default();
    let hosts = read_inventory("h.csv", reader(), &own, &mut problems);
    assert_eq!(hosts.is_none(), problems.has_errors());

    let mut problems = Problems::default();
    let samples = read_samples("l.csv", "lifetime_s", reader(), &mut problems);
    assert_eq!(samples.is_none(), problems.has_errors());
    assert!(samples.is_none_or(|samples| samples.iter().all(|&ms| ms > 0)));
});
