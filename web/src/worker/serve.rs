//! The page's worker: hears messages, works in slices of a few ms, and listens between them.

#![expect(unreachable_pub, reason = "what JavaScript calls must be public")]

use fleetcast_web::desk::{Answer, Desk};
use js_sys::{Array, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort};

/// How long a slice is, ms: as long as a message may have to wait.
const SLICE_MS: f64 = 12.0;

struct Server {
    scope: DedicatedWorkerGlobalScope,
    desk: Desk,
    /// A message to ourselves comes after those from the page that are there already, and sooner
    /// than a timer.
    again: MessagePort,
    is_awake: bool,
}

/// Serves the page that started this worker.
///
/// # Errors
/// This is not a worker.
#[wasm_bindgen]
pub fn serve() -> Result<(), JsValue> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let channel = MessageChannel::new()?;
    let server = Rc::new(RefCell::new(Server {
        scope: scope.clone(),
        desk: Desk::default(),
        again: channel.port2(),
        is_awake: false,
    }));

    let from_page = Rc::clone(&server);
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        from_page.borrow_mut().hear(&event);
    });
    scope.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget();

    let from_us = Rc::clone(&server);
    let work = Closure::<dyn FnMut()>::new(move || from_us.borrow_mut().work());
    channel.port1().set_onmessage(Some(work.as_ref().unchecked_ref()));
    work.forget();

    server.borrow().say(&(fleetcast_web::protocol::FromWorker::Ready, Vec::new()));
    Ok(())
}

impl Server {
    fn hear(&mut self, event: &MessageEvent) {
        let parts = Array::from(&event.data());
        let text = parts.get(0).as_string().unwrap_or_default();
        let bytes = parts.get(1);
        let bytes =
            if bytes.is_undefined() { Vec::new() } else { Uint8Array::new(&bytes).to_vec() };
        let message =
            serde_json::from_str(&text).expect("the page and its worker are of one build");
        for answer in self.desk.hear(message, bytes) {
            self.say(&answer);
        }
        self.go_on();
    }

    fn work(&mut self) {
        self.is_awake = false;
        let end = js_sys::Date::now() + SLICE_MS;
        for answer in self.desk.work(&mut || js_sys::Date::now() >= end) {
            self.say(&answer);
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        if self.desk.is_busy() && !self.is_awake {
            self.is_awake = true;
            self.again.post_message(&JsValue::NULL).expect("null can be posted");
        }
    }

    fn say(&self, (answer, bytes): &Answer) {
        let text = serde_json::to_string(answer).expect("answers are plain data");
        let message = Array::of1(&text.into());
        let handed_over = Array::new();
        if !bytes.is_empty() {
            let bytes = Uint8Array::from(bytes.as_slice());
            handed_over.push(&bytes.buffer());
            message.push(&bytes);
        }
        self.scope
            .post_message_with_transfer(&message, &handed_over)
            .expect("strings and byte arrays can be posted");
    }
}
