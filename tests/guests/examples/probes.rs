//! Looks for whatever it was not lent.

use bowline_guests::{description, seen};
use bowline_target::{Application, DeployTarget, Deployment, Description, Environment, Failure};

struct Guest;

bowline_target::export_deploy_target!(Guest);

impl DeployTarget for Guest {
    fn describe() -> Description {
        description(vec![])
    }

    fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
        let _ = env;
        let mut input = String::new();
        let found = [
            ("arguments", std::env::args().count() > 0),
            ("variables", std::env::vars().count() > 0),
            (
                "input",
                std::io::stdin().read_line(&mut input).is_ok_and(|n| n > 0),
            ),
            ("current folder", std::fs::read_dir(".").is_ok()),
            ("root", std::fs::read_dir("/").is_ok()),
            ("file", std::fs::read("/etc/passwd").is_ok()),
            (
                "new file",
                std::fs::write("/tmp/bowline-was-here", "x").is_ok(),
            ),
            ("link", std::fs::canonicalize("/proc/self/exe").is_ok()),
            (
                "tcp",
                std::net::TcpStream::connect(("127.0.0.1", 80)).is_ok(),
            ),
            (
                "listener",
                std::net::TcpListener::bind(("127.0.0.1", 0)).is_ok(),
            ),
            ("udp", std::net::UdpSocket::bind(("127.0.0.1", 0)).is_ok()),
            (
                "names",
                std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok(),
            ),
        ];
        let found: Vec<_> = found
            .iter()
            .filter(|(_, found)| *found)
            .map(|(what, _)| *what)
            .collect();
        Ok(seen(app, format!("found [{}]", found.join(", "))))
    }
}
