//! A slow line: a TCP relay that lets a bounded number of bytes per second
//! through towards the server.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bytes moved at once; small enough that the rate is even.
const CHUNK: usize = 16 * 1024;

/// A relay to one server.
pub struct SlowLine {
    address: SocketAddr,
    passed: Arc<AtomicU64>,
}

impl SlowLine {
    /// Relays to `server`, at most `rate` bytes per second of each connection
    /// towards it. Answers come back at full speed. Ends with the process.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn to(server: SocketAddr, rate: u64) -> SlowLine {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let passed = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&passed);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(upstream) = TcpStream::connect(server) else {
                    continue;
                };
                relay(client, upstream, rate, Arc::clone(&counter));
            }
        });
        SlowLine { address, passed }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes that went towards the server so far.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }
}

fn relay(client: TcpStream, upstream: TcpStream, rate: u64, passed: Arc<AtomicU64>) {
    let (Ok(mut from), Ok(mut to)) = (client.try_clone(), upstream.try_clone()) else {
        return;
    };
    std::thread::spawn(move || {
        let pause = Duration::from_secs_f64(CHUNK as f64 / rate as f64);
        let mut buffer = vec![0; CHUNK];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
            passed.fetch_add(count as u64, Ordering::Relaxed);
            std::thread::sleep(pause);
        }
        // The client went away: so does its connection to the server.
        let _ = to.shutdown(Shutdown::Both);
    });
    let (mut from, mut to) = (upstream, client);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
