//! A server that misbehaves on request: it answers what the test says, or
//! stands before a real server and lets requests through, cuts or holds them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::background::{self, Background};

/// A request, without its body.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The header fields as text, names in lower case.
    pub headers: String,
    /// Length of the body, if it was told.
    pub length: Option<u64>,
}

impl Seen {
    /// Whether it uploads a parcel.
    pub fn is_upload(&self) -> bool {
        self.method == "POST" && self.path.contains('@')
    }

    /// Value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            line.split_once(": ")
                .filter(|(field, _)| *field == name)
                .map(|(_, value)| value)
        })
    }
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Let the real server answer.
    Forward,
    /// Let the real server answer after a while.
    ForwardAfter(Duration),
    /// Let this many bytes of the body through, then cut both connections.
    CutAfter(u64),
    /// Let the request through, and cut the connection instead of answering.
    LoseAnswer,
    /// Read the request, then send these bytes and close.
    Answer(Vec<u8>),
    /// Read the request, then send these bytes again and again.
    AnswerForEver(Vec<u8>),
    /// Read the request and say nothing.
    Silence,
    /// Read nothing of the body and say nothing.
    Stall,
}

impl Act {
    /// A whole answer.
    pub fn answer(status: u16, media_type: &str, body: impl AsRef<[u8]>) -> Act {
        let body = body.as_ref();
        let mut answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(body);
        Act::Answer(answer)
    }

    /// A refusal as the reference server writes it.
    pub fn refusal(status: u16, error: &str) -> Act {
        let error = toml::Value::from(error);
        Self::answer(status, "application/toml", format!("error = {error}\n"))
    }
}

/// The misbehaving server; stopped when dropped.
pub struct Meddler {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _background: Background,
}

impl Meddler {
    /// Starts a server that asks `decide` about each request, in the order of
    /// arrival. `upstream` is the real server, if there is any to forward to.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start<F>(upstream: Option<SocketAddr>, decide: F) -> Meddler
    where
        F: FnMut(&Seen) -> Act + Send + 'static,
    {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let decide = Arc::new(Mutex::new(decide));
        let log = Arc::clone(&seen);
        let (address, listener) = background::listen();
        let background = Background::serve(listener, |listener| async move {
            while let Ok((client, _)) = listener.accept().await {
                let (decide, log) = (Arc::clone(&decide), Arc::clone(&log));
                // A connection that breaks is what these tests are about.
                tokio::spawn(async move {
                    let judge = move |seen: &Seen| {
                        log.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(seen.clone());
                        decide.lock().unwrap_or_else(PoisonError::into_inner)(seen)
                    };
                    drop(connection(client, upstream, judge).await);
                });
            }
        });
        Meddler {
            address,
            seen,
            _background: background,
        }
    }

    /// The address to give to clients, `/v1` included.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Number of uploads so far, whatever became of them.
    pub fn uploads(&self) -> usize {
        self.seen().iter().filter(|seen| seen.is_upload()).count()
    }
}

async fn connection(
    mut client: TcpStream,
    upstream: Option<SocketAddr>,
    judge: impl FnOnce(&Seen) -> Act,
) -> std::io::Result<()> {
    // Byte by byte, so that nothing of the body is taken. One request for each connection.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let seen = parse(&text);
    let length = seen.length.unwrap_or(0);
    match judge(&seen) {
        Act::Forward => forward(&mut client, upstream, &text, length).await,
        Act::ForwardAfter(pause) => {
            tokio::time::sleep(pause).await;
            forward(&mut client, upstream, &text, length).await
        }
        Act::CutAfter(bytes) => {
            let mut server = connect(upstream, &text).await?;
            tokio::io::copy(&mut (&mut client).take(bytes.min(length)), &mut server).await?;
            server.flush().await
        }
        Act::LoseAnswer => {
            let mut server = connect(upstream, &text).await?;
            tokio::io::copy(&mut (&mut client).take(length), &mut server).await?;
            let mut answer = Vec::new();
            server.read_to_end(&mut answer).await.map(drop)
        }
        Act::Answer(bytes) => {
            discard(&mut client, length).await?;
            client.write_all(&bytes).await?;
            client.shutdown().await
        }
        Act::AnswerForEver(bytes) => {
            discard(&mut client, length).await?;
            loop {
                client.write_all(&bytes).await?;
            }
        }
        Act::Silence => {
            discard(&mut client, length).await?;
            std::future::pending().await
        }
        Act::Stall => std::future::pending().await,
    }
}

async fn discard(client: &mut TcpStream, length: u64) -> std::io::Result<()> {
    tokio::io::copy(&mut client.take(length), &mut tokio::io::sink())
        .await
        .map(drop)
}

async fn connect(upstream: Option<SocketAddr>, head: &str) -> std::io::Result<TcpStream> {
    let upstream = upstream.expect("this meddler stands before a real server");
    let mut server = TcpStream::connect(upstream).await?;
    let last = head.strip_suffix("\r\n").unwrap_or(head);
    server
        .write_all(format!("{last}connection: close\r\n\r\n").as_bytes())
        .await?;
    Ok(server)
}

async fn forward(
    client: &mut TcpStream,
    upstream: Option<SocketAddr>,
    head: &str,
    length: u64,
) -> std::io::Result<()> {
    let mut server = connect(upstream, head).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async { tokio::io::copy(&mut (&mut from_client).take(length), &mut to_server).await };
    let down = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(from_server.read_u8().await?);
        }
        // Or the client would use this connection again.
        head.truncate(head.len() - 2);
        head.extend_from_slice(b"connection: close\r\n\r\n");
        to_client.write_all(&head).await?;
        tokio::io::copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown().await
    };
    // The server may answer and close before it has read the body.
    let (_, answered) = tokio::join!(up, down);
    answered
}

fn parse(head: &str) -> Seen {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let headers: String = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| format!("{}: {value}\n", name.to_ascii_lowercase()))
        .collect();
    let mut seen = Seen {
        method: first.next().unwrap_or_default().to_owned(),
        path: first.next().unwrap_or_default().to_owned(),
        headers,
        length: None,
    };
    seen.length = seen
        .header("content-length")
        .and_then(|length| length.parse().ok());
    seen
}
