//! Opens sockets beside the requests that are checked.

use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use bowline_guests::prelude::*;

target!(deploy, text("victim"));

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let victim = value(env, "victim")?;
    let victim = victim.trim_start_matches("http://");
    let found = [
        ("tcp", TcpStream::connect(victim).is_ok()),
        ("listener", TcpListener::bind(("127.0.0.1", 0)).is_ok()),
        ("udp", UdpSocket::bind(("0.0.0.0", 0)).is_ok()),
        ("names", "localhost:80".to_socket_addrs().is_ok()),
        ("names", "bank.invalid:80".to_socket_addrs().is_ok()),
    ];
    let found: Vec<_> = found
        .iter()
        .filter(|(_, found)| *found)
        .map(|(what, _)| *what)
        .collect();
    Ok(seen(app, format!("found {found:?}")))
}
