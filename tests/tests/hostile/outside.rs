//! A server of the outside world: it writes down every byte that it gets, and answers as an attacker's accomplice would.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::attack::SECRET;

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub enum Serve {
    /// With status 200 and nothing.
    Ok,
    /// With this status and text.
    Text(u16, &'static str),
    /// By sending the client on to the victim.
    Redirect,
    /// With a body that has no end.
    Endless,
    /// With a body of which a byte comes now and then.
    Drip,
    /// Not at all.
    Silent,
    /// With status 200 and nothing as soon as a request's head is there, and reads no further.
    Early,
    /// With headers of 100 KiB together, and one of 64 KiB.
    HugeHeaders(usize),
    /// With what it got, written as the path says.
    Echo,
    /// With the secret, packed as no client unpacks it.
    Packed,
}

/// The server; its threads end with the process.
pub struct Outside {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Outside {
    /// Starts to listen on loopback. `also` is called after each request, with their number so far.
    pub fn start(
        serve: Serve,
        victim: Option<String>,
        also: impl Fn(usize) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let (log, also) = (Arc::clone(&heard), Arc::new(also));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (log, also, victim) = (Arc::clone(&log), Arc::clone(&also), victim.clone());
                thread::spawn(move || {
                    let place = {
                        let mut log = log.lock().unwrap();
                        log.push(Vec::new());
                        log.len() - 1
                    };
                    let note = |bytes: &[u8]| log.lock().unwrap()[place].extend_from_slice(bytes);
                    // A client that goes away is what some of the tests are about.
                    let _ = talk(client, note, || also(place + 1), serve, victim.as_deref());
                });
            }
        });
        Self { address, heard }
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came in until now: one text for each connection on which anything did.
    pub fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .filter(|bytes| !bytes.is_empty())
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }
}

fn talk(
    mut client: TcpStream,
    note: impl Fn(&[u8]),
    also: impl Fn(),
    serve: Serve,
    victim: Option<&str>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    if let Serve::Early = serve {
        let mut start = [0; 4 << 10];
        let count = client.read(&mut start)?;
        note(&start[..count]);
        also();
        client.write_all(b"HTTP/1.1 200 Answer\r\ncontent-length: 0\r\n\r\n")?;
        loop {
            thread::park();
        }
    }
    let request = request(&mut client, note)?;
    also();
    let head = |status: u16, more: &str| {
        format!("HTTP/1.1 {status} Answer\r\nconnection: close\r\n{more}\r\n")
    };
    match serve {
        Serve::Ok => client.write_all(head(200, "content-length: 0\r\n").as_bytes()),
        Serve::Text(status, text) => {
            let length = format!("content-length: {}\r\n", text.len());
            client.write_all(format!("{}{text}", head(status, &length)).as_bytes())
        }
        Serve::Redirect => {
            let to = victim.unwrap_or_default();
            let more = format!("location: {to}/stolen\r\ncontent-length: 0\r\n");
            client.write_all(head(302, &more).as_bytes())
        }
        Serve::Endless => {
            client.write_all(head(200, "").as_bytes())?;
            let zeros = [b'0'; 16 << 10];
            loop {
                client.write_all(&zeros)?;
            }
        }
        Serve::Drip => {
            client.write_all(head(200, "").as_bytes())?;
            loop {
                client.write_all(b"0")?;
                thread::sleep(Duration::from_millis(20));
            }
        }
        Serve::Silent | Serve::Early => {
            // Until the client goes away.
            client.read_to_end(&mut Vec::new()).map(drop)
        }
        Serve::HugeHeaders(size) => {
            let more = format!("x-huge: {}\r\ncontent-length: 0\r\n", "y".repeat(size));
            client.write_all(head(200, &more).as_bytes())
        }
        Serve::Echo => echo(&mut client, &request),
        Serve::Packed => {
            let packed: String = SECRET.chars().rev().collect();
            let more = format!(
                "content-encoding: x-reversed\r\ncontent-length: {}\r\n",
                packed.len()
            );
            client.write_all(format!("{}{packed}", head(200, &more)).as_bytes())
        }
    }
}

/// Reads a request with its body.
fn request(client: &mut TcpStream, note: impl Fn(&[u8])) -> io::Result<String> {
    let mut all = Vec::new();
    let mut buffer = [0; 64 << 10];
    loop {
        let count = client.read(&mut buffer)?;
        note(&buffer[..count]);
        all.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            match length {
                Some(length) => body.len() >= length,
                None if head.contains("transfer-encoding: chunked") => body.ends_with("0\r\n\r\n"),
                None => true,
            }
        });
        if whole {
            return Ok(text);
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Sends back the secret that was in the request, in the way that the path says.
fn echo(client: &mut TcpStream, request: &str) -> io::Result<()> {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let secret = request
        .lines()
        .find_map(|line| line.strip_prefix("authorization: Bearer "))
        .unwrap_or_default();
    let json = serde_json::Value::from(secret).to_string();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let (more, body) = match path {
        "/json" => ("content-type: application/json\r\n", json),
        "/form" => ("", format!("password={form}&end=1")),
        "/header" => ("", String::new()),
        "/end" => ("", format!("it ends in {secret}")),
        _ => ("", format!("you sent {secret} and {request}")),
    };
    let mut more = more.to_owned();
    if path == "/header" {
        more += &format!("x-echo: {secret}\r\nset-cookie: t={secret}; secure\r\n");
    }
    let status = format!("HTTP/1.1 200 Answer\r\nconnection: close\r\n{more}");
    if path == "/pieces" {
        client.write_all(format!("{status}transfer-encoding: chunked\r\n\r\n").as_bytes())?;
        for byte in body.bytes() {
            client.write_all(&[b'1', b'\r', b'\n', byte, b'\r', b'\n'])?;
        }
        return client.write_all(b"0\r\n\r\n");
    }
    client.write_all(format!("{status}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
}
