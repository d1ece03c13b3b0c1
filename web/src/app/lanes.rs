//! The workers: lane 0 is the page's own, lane n that of the n-th variant of a comparison. A lane
//! has its worker from when something is first said in it.

use fleetcast_web::protocol::{FromWorker, ToWorker};
use js_sys::{Array, Uint8Array};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// What the page hears from a lane.
pub(crate) enum Heard {
    /// A message, and the bytes beside it.
    Said(FromWorker, Vec<u8>),
    /// The worker broke down.
    Died(String),
}

type Listen = Rc<dyn Fn(usize, Heard)>;

pub(crate) struct Lanes {
    lanes: BTreeMap<usize, Lane>,
    listen: Listen,
}

struct Lane {
    worker: Worker,
    /// What is to be said once it listens: `None` from then on. Messages that come before are lost.
    queue: Rc<RefCell<Option<Vec<Array>>>>,
    _hear: Closure<dyn FnMut(MessageEvent)>,
    _fail: Closure<dyn FnMut(ErrorEvent)>,
}

impl Lanes {
    pub(crate) fn new(listen: impl Fn(usize, Heard) + 'static) -> Self {
        Self { lanes: BTreeMap::new(), listen: Rc::new(listen) }
    }

    /// Starts a lane's worker, so that it is ready when it is needed.
    pub(crate) fn wake(&mut self, lane: usize) {
        let listen = &self.listen;
        self.lanes.entry(lane).or_insert_with(|| Lane::new(lane, Rc::clone(listen)));
    }

    /// Says something, with bytes beside it.
    pub(crate) fn send(&mut self, lane: usize, message: &ToWorker, bytes: Option<&[u8]>) {
        self.wake(lane);
        let text = serde_json::to_string(message).expect("messages are plain data");
        let message = Array::of1(&text.into());
        if let Some(bytes) = bytes {
            message.push(&Uint8Array::from(bytes));
        }
        let lane = &self.lanes[&lane];
        match &mut *lane.queue.borrow_mut() {
            Some(queue) => queue.push(message),
            None => post(&lane.worker, &message),
        }
    }

    /// Lets a worker go, whatever it does.
    pub(crate) fn restart(&mut self, lane: usize) {
        if let Some(lane) = self.lanes.remove(&lane) {
            lane.worker.terminate();
        }
    }
}

fn post(worker: &Worker, message: &Array) {
    worker.post_message(message).expect("strings and byte arrays can be posted");
}

impl Lane {
    fn new(lane: usize, listen: Listen) -> Self {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options("work.js", &options)
            .expect("every browser with modules has workers");
        let queue = Rc::new(RefCell::new(Some(Vec::new())));

        let (waiting, to, tell) = (Rc::clone(&queue), worker.clone(), Rc::clone(&listen));
        let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let parts = Array::from(&event.data());
            let text = parts.get(0).as_string().unwrap_or_default();
            let message = serde_json::from_str(&text);
            let message = message.expect("the page and its worker are of one build");
            if matches!(message, FromWorker::Ready) {
                let queue: Option<Vec<Array>> = waiting.borrow_mut().take();
                for message in queue.into_iter().flatten() {
                    post(&to, &message);
                }
                return;
            }
            let bytes = parts.get(1);
            let bytes = match bytes.is_undefined() {
                true => Vec::new(),
                false => Uint8Array::new(&bytes).to_vec(),
            };
            tell(lane, Heard::Said(message, bytes));
        });
        worker.set_onmessage(Some(hear.as_ref().unchecked_ref()));

        let fail = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            let why = match event.message().as_str() {
                "" => "it could not be loaded".to_owned(),
                message => message.to_owned(),
            };
            listen(lane, Heard::Died(format!("the simulator broke down: {why}")));
        });
        worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        Self { worker, queue, _hear: hear, _fail: fail }
    }
}
