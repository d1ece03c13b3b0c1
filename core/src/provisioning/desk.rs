//! A desk: requests come, wait for one of several operators, and are served. By class, the first
//! class first, and in a class as they came; nobody is interrupted.

use crate::agenda::{Agenda, Class, Classed};
use crate::time::Time;
use std::collections::VecDeque;

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// When it comes.
    pub at: Time,
    /// Its class, 0 first.
    pub class: usize,
    /// How long an operator is at it, ms.
    pub work_ms: u64,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// The request.
    pub ticket: Ticket,
    /// How long it waited, ms.
    pub wait_ms: u64,
}

impl Served {
    /// From when it came until it was done, ms.
    pub fn time_ms(&self) -> u64 {
        self.wait_ms + self.ticket.work_ms
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Done,
    Arrival,
}

impl Classed for Event {
    fn class(&self) -> Class {
        match self {
            Self::Done => Class::CapacityFreed,
            Self::Arrival => Class::Arrival,
        }
    }
}

/// Serves all tickets, which come in the order of their times, with so many operators and
/// classes; tells what became of each as it is begun. O(1) a ticket and class.
///
/// # Panics
/// If a ticket's class is not below `classes`, or one comes before the ticket ahead of it.
pub fn serve(
    operators: u32,
    classes: usize,
    tickets: impl IntoIterator<Item = Ticket>,
    mut tell: impl FnMut(Served),
) {
    let mut tickets = tickets.into_iter();
    let mut queues: Vec<VecDeque<Ticket>> = vec![VecDeque::new(); classes];
    let mut agenda = Agenda::new();
    let mut idle = operators;
    let mut coming = tickets.next();
    if let Some(ticket) = &coming {
        agenda.push(ticket.at, Event::Arrival);
    }
    while let Some((now, event)) = agenda.pop() {
        match event {
            Event::Done => idle += 1,
            Event::Arrival => {
                if let Some(ticket) = coming.take() {
                    queues[ticket.class].push_back(ticket);
                }
                coming = tickets.next();
                if let Some(ticket) = &coming {
                    agenda.push(ticket.at, Event::Arrival);
                }
            }
        }
        while idle > 0 {
            let Some(ticket) = queues.iter_mut().find_map(VecDeque::pop_front) else { break };
            idle -= 1;
            agenda.push(now.after(ticket.work_ms), Event::Done);
            tell(Served { ticket, wait_ms: now.since_ms(ticket.at) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_class_is_served_first_and_nobody_is_interrupted() {
        let ticket = |(at, class, work_ms)| Ticket { at: Time::from_ms(at), class, work_ms };
        let tickets = [(0, 1, 10), (1, 1, 5), (2, 0, 5), (30, 1, 5)].map(ticket);
        let mut told = Vec::new();
        serve(1, 2, tickets, |served| told.push((served.ticket.at.ms(), served.wait_ms)));
        assert_eq!(told, [(0, 0), (2, 8), (1, 14), (30, 0)]);
    }
}
