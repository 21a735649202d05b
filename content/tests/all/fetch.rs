//! Content of URLs, from a real server on loopback that does what servers do.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Response, Uri};
use bowline_app::Digest;
use bowline_content::cache::Cache;
use bowline_content::{
    ContentError, Fault, Finished, Finisher, Registries, Source, Unfinished, Watch,
};
use bowline_host::client::DownloadError;
use bowline_host::{HttpClient, HttpOptions};
use url::Url;

const CONTENT: &[u8] = b"\0asm\x0d\0\x01\0 and the rest of it";

static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Answers by path.
async fn serve() -> u16 {
    let app = Router::new().fallback(|uri: Uri| async move {
        ASKED.fetch_add(1, Ordering::Relaxed);
        let redirect = |to: &str| {
            Response::builder()
                .status(302)
                .header("location", to)
                .body(Body::empty())
                .unwrap()
        };
        match uri.path() {
            "/good" => Response::new(Body::from(CONTENT)),
            "/moved" => redirect("/good"),
            "/round" => redirect("/round"),
            "/elsewhere" => redirect("http://127.0.0.1:1/good"),
            "/huge" => Response::builder()
                .header("content-length", "1000000000000")
                .body(Body::from_stream(futures::stream::pending::<
                    Result<&[u8], std::io::Error>,
                >()))
                .unwrap(),
            // A connection that ends before the answer does.
            "/cut" => Response::new(Body::from_stream(futures::stream::iter([
                Ok(CONTENT),
                Err(std::io::Error::other("cut")),
            ]))),
            "/slow" => Response::new(Body::from_stream(futures::stream::pending::<
                Result<&[u8], std::io::Error>,
            >())),
            "/locked" => Response::builder()
                .status(403)
                .body(Body::from("not \u{1b}[31myou"))
                .unwrap(),
            _ => Response::builder().status(404).body(Body::empty()).unwrap(),
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    port
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Watch for Heard {
    fn fetching(&self, place: &str, bytes: Option<u64>) {
        self.0.lock().unwrap().push(format!("{place} {bytes:?}"));
    }
    fn fetched(&self, bytes: u64) {
        self.0.lock().unwrap().push(bytes.to_string());
    }
}

struct World {
    port: u16,
    root: tempfile::TempDir,
    heard: Heard,
}

impl World {
    async fn new() -> Self {
        Self {
            port: serve().await,
            root: tempfile::tempdir().unwrap(),
            heard: Heard::default(),
        }
    }

    fn source(&self, path: &str, content: &[u8]) -> Source {
        let url = format!("http://127.0.0.1:{}{path}?token=canary", self.port);
        Source::Url {
            url: Url::parse(&url).unwrap(),
            digest: Digest::of(content),
        }
    }

    async fn get(&self, source: Source) -> Result<Finished, Fault> {
        let mut options = HttpOptions::default();
        options.idle_timeout = Duration::from_millis(500);
        let http = HttpClient::new(&options).unwrap();
        let registries = Registries {
            configuration: None,
            options,
            http: http.clone(),
        };
        let cache = Cache::new(self.folder());
        Finisher::new(cache, http, registries, &self.heard)
            .finish(&Unfinished {
                source,
                dependencies: Vec::new(),
            })
            .await
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("content")
    }

    /// Files that are left in the cache.
    fn files(&self) -> usize {
        std::fs::read_dir(self.folder()).map_or(0, Iterator::count)
    }

    async fn fails(&self, path: &str) -> ContentError {
        let error = self
            .get(self.source(path, CONTENT))
            .await
            .unwrap_err()
            .error;
        assert_eq!(self.files(), 0, "nothing is kept of {path}");
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
        error
    }
}

#[tokio::test]
async fn content_is_fetched_once() {
    let world = World::new().await;
    let moved = world.source("/moved", CONTENT);
    let first = world.get(moved.clone()).await.unwrap();
    assert_eq!(std::fs::read(&first.path).unwrap(), CONTENT);
    let place = format!("http://127.0.0.1:{}/moved", world.port);
    let size = CONTENT.len();
    let heard = [format!("{place} Some({size})"), size.to_string()];
    assert_eq!(*world.heard.0.lock().unwrap(), heard);

    assert_eq!(world.get(moved.clone()).await.unwrap(), first);
    assert_eq!(world.heard.0.lock().unwrap().len(), 2, "nobody was asked");

    std::fs::write(&first.path, "tampered with").unwrap();
    assert_eq!(world.get(moved).await.unwrap(), first);
    assert_eq!(std::fs::read(&first.path).unwrap(), CONTENT);
}

#[tokio::test]
async fn other_content_is_refused() {
    let world = World::new().await;
    let source = world.source("/good", b"something else");
    let error = world.get(source).await.unwrap_err().error;
    let ContentError::OtherContent {
        expected, found, ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (*expected, *found),
        (Digest::of(b"something else"), Digest::of(CONTENT))
    );
    assert!(error.hint().unwrap().contains(&format!("sha256:{found}")));
    assert_eq!(world.files(), 0);
}

#[tokio::test]
async fn servers_that_misbehave_are_told_apart() {
    let world = World::new().await;
    assert!(matches!(
        world.fails("/huge").await,
        ContentError::TooLarge { .. }
    ));
    assert!(matches!(
        world.fails("/cut").await,
        ContentError::Download(DownloadError::Transport(_))
    ));
    assert!(matches!(
        world.fails("/slow").await,
        ContentError::Download(DownloadError::Transport(_))
    ));
    assert!(matches!(
        world.fails("/round").await,
        ContentError::Download(DownloadError::Redirect { .. })
    ));
    let elsewhere = world.fails("/elsewhere").await.to_string();
    assert!(
        elsewhere.ends_with("redirects to http://127.0.0.1:1, which is not followed"),
        "{elsewhere}"
    );
    let ContentError::Refused { status, said, .. } = world.fails("/locked").await else {
        panic!("it was refused");
    };
    assert_eq!((status, said.as_str()), (403, ": not [31myou"));
    assert!(matches!(
        world.fails("/missing").await,
        ContentError::Refused { status: 404, .. }
    ));
}
