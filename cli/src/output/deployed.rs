//! What `bowline deploy` says.

use std::fmt::Write as _;

use bowline_host::Usage;
use serde::Serialize;

use super::{GOOD, Report, STRONG, parcels, size};
use crate::text;

/// A finished deployment.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Deployed {
    /// Name of the application.
    pub application: String,
    /// The revision that the platform runs now.
    pub revision: String,
    /// Name of the target that did it.
    pub target: String,
    /// Where it answers.
    pub url: Option<String>,
    /// Every route.
    pub routes: Vec<Route>,
    /// What the target was refused, in words, each once.
    pub denied: Vec<String>,
    /// What went to the Bindle server, when the target used it.
    pub pushed: Option<Pushed>,
    /// Whether it answered with this revision.
    pub readiness: Readiness,
    /// The run's name in the journal.
    pub run: String,
    /// What each operation of the target used, beside its limits, in their order.
    pub used: Vec<Usage>,
}

/// Where the application answers.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Route {
    /// The route as a full URL.
    pub url: String,
    /// Name of the component that answers; none for a static response.
    pub component: Option<String>,
}

/// What a push sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Pushed {
    /// Parcels that were sent.
    pub uploaded: u64,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Parcels that the server had already.
    pub reused: u64,
    /// How many of all these are archives, with several files in each.
    pub archives: u64,
}

/// What is known of whether a deployment answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
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

impl Report for Deployed {
    fn text(&self) -> String {
        let Self {
            application,
            revision,
            target,
            url,
            routes,
            pushed,
            readiness,
            denied: _,
            run: _,
            used: _,
        } = self;
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
                .map(|route| {
                    let component = route.component.as_deref().unwrap_or("(static response)");
                    (line(&route.url), line(component))
                })
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
            archives,
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
            let _ = match archives {
                0 => Ok(()),
                1 => writeln!(text, "The files are in an archive"),
                _ => writeln!(text, "The files are in {archives} archives"),
            };
        }
        text.push_str(match readiness {
            Readiness::Ready => "It answers with this revision\n",
            Readiness::Answers => "It answers; the target doesn't say how to tell which revision\n",
            Readiness::NotAsked => "Not checked whether it answers yet (--readiness-timeout 0)\n",
            Readiness::Unknown => {
                "Not checked whether it answers: the target doesn't say how to ask\n"
            }
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{json, uncoloured};

    fn deployed() -> Deployed {
        Deployed {
            application: "shop".into(),
            revision: "1.2.0+q0123456789abcdef".into(),
            target: "hippo".into(),
            url: Some("http://shop.localhost:5309/".into()),
            routes: vec![
                Route {
                    url: "http://shop.localhost:5309/".into(),
                    component: Some("front".into()),
                },
                Route {
                    url: "http://shop.localhost:5309/static/...".into(),
                    component: Some("files".into()),
                },
            ],
            pushed: Some(Pushed {
                uploaded: 2,
                uploaded_bytes: 1_572_864,
                reused: 3,
                archives: 0,
            }),
            readiness: Readiness::Ready,
            denied: Vec::new(),
            run: "01a20835-1a1c-726f-805d-8ba610512f6a".into(),
            used: Vec::new(),
        }
    }

    #[test]
    fn a_deployment_shows_its_routes() {
        insta::assert_snapshot!(uncoloured(&deployed().text()), @r"
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
        insta::assert_snapshot!(uncoloured(&deployed.text()), @r"
        Deployed shop 1.2.0+q0123456789abcdef with the target 'hippo'
          The platform names no address for it.

        Uploaded nothing: the Bindle server had all 5 parcels already
        Not checked whether it answers yet (--readiness-timeout 0)
        ");
    }

    #[test]
    fn archives_are_said() {
        let mut deployed = deployed();
        deployed.pushed = Some(Pushed {
            uploaded: 19,
            archives: 16,
            ..Pushed::default()
        });
        let text = uncoloured(&deployed.text());
        assert!(text.contains("\nThe files are in 16 archives\n"), "{text}");
    }

    #[test]
    fn as_json_it_has_stable_names() {
        insta::assert_snapshot!(json(&deployed()).unwrap());
    }
}
