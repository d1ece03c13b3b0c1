//! A web server for one folder, on this machine only: it is there to try the app, and it sends
//! the headers under which the app is to be hosted (docs/HOSTING.md).

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Nothing inline, nothing from elsewhere, no eval but that of WebAssembly.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Where it listens if nobody says otherwise.
pub(crate) const PORT: u16 = 8470;
/// The longest request that is read, bytes.
const REQUEST_BYTES_MAX: u64 = 16 << 10;

/// Serves a folder on 127.0.0.1, in the background; its address. Port 0 is any that is free.
///
/// # Errors
/// The port is taken.
pub(crate) fn start(folder: &Path, port: u16) -> Result<(String, thread::JoinHandle<()>), String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        format!("port {port}: {error}\nhint: `cargo xtask serve 0` takes any that is free")
    })?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let folder = Arc::new(folder.to_owned());
    let serving = thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = Arc::clone(&folder);
            // A connection that breaks is the browser's affair.
            thread::spawn(move || answer(&stream, &folder).ok());
        }
    });
    Ok((format!("http://127.0.0.1:{port}/"), serving))
}

/// Answers the requests of one connection.
fn answer(stream: &TcpStream, folder: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        (&mut reader).take(REQUEST_BYTES_MAX).read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (Some(method), Some(address)) = (words.next(), words.next()) else { return Ok(()) };
        let mut left = REQUEST_BYTES_MAX;
        loop {
            let mut header = String::new();
            let read = (&mut reader).take(left).read_line(&mut header)?;
            left = left.saturating_sub(read as u64);
            if header.trim_end().is_empty() {
                break;
            }
        }
        let (status, kind, body) = look_up(method, address, folder);
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
             content-security-policy: {POLICY}\r\nx-content-type-options: nosniff\r\n\
             referrer-policy: no-referrer\r\ncross-origin-opener-policy: same-origin\r\n\
             cache-control: no-cache\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        stream.write_all(head.as_bytes())?;
        if method != "HEAD" {
            stream.write_all(&body)?;
        }
    }
}

/// What is at an address: status, content type and content.
fn look_up(method: &str, address: &str, folder: &Path) -> (&'static str, &'static str, Vec<u8>) {
    const TEXT: &str = "text/plain; charset=utf-8";
    if method != "GET" && method != "HEAD" {
        return ("405 Method Not Allowed", TEXT, b"only GET\n".to_vec());
    }
    let path = file_at(address, folder);
    match path.as_ref().and_then(|path| fs::read(path).ok()) {
        Some(body) => ("200 OK", kind(path.as_deref().unwrap_or(folder)), body),
        None => ("404 Not Found", TEXT, b"there is no such file\n".to_vec()),
    }
}

/// The file of an address; never one outside the folder.
fn file_at(address: &str, folder: &Path) -> Option<PathBuf> {
    let name = address.split(['?', '#']).next()?.strip_prefix('/')?;
    let name = if name.is_empty() { "index.html" } else { name };
    let is_plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    is_plain.then(|| folder.join(name))
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        "gz" => "application/gzip",
        "toml" | "csv" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_folder_has_an_address() {
        let check = |address: &str, expected: Option<&str>| {
            let expected = expected.map(|name| Path::new("/d").join(name));
            assert_eq!(file_at(address, Path::new("/d")), expected, "{address}");
        };
        check("/", Some("index.html"));
        check("/app.js?v=1", Some("app.js"));
        check("/scenarios/traces/a.csv.gz", Some("scenarios/traces/a.csv.gz"));
        check("/../secret", None);
        check("/a/../../secret", None);
        check("//etc/passwd", None);
        check("secret", None);
    }
}
