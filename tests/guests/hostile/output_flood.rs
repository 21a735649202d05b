//! Writes without end to standard output and error.

use bowline_guests::prelude::*;

target!(deploy);

fn deploy(app: &Application, env: &Environment) -> Result<Deployment, Failure> {
    let _ = env;
    let line = [b'x'; 9_999];
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    for _ in 0..1_000 {
        for stream in [&mut out as &mut dyn std::io::Write, &mut err] {
            stream
                .write_all(&line)
                .and_then(|()| stream.write_all(b"\n"))
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
        }
    }
    Ok(seen(app, "done"))
}
