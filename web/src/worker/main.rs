//! The worker: the core as WebAssembly. Its module is also what JavaScript programs use (see
//! `api`); the page's worker calls `serve`.

#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
mod serve;

fn main() {
    #[cfg(target_arch = "wasm32")]
    console_error_panic_hook::set_once();
}
