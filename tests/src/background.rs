//! Servers that run beside a test, on threads of their own.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// How long a server may take to stop.
const STOPPING: Duration = Duration::from_secs(5);

/// A free port of loopback, and what hears it.
///
/// # Panics
/// When no port is free.
pub fn listen() -> (SocketAddr, std::net::TcpListener) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener
        .set_nonblocking(true)
        .expect("the socket can be set up");
    let address = listener.local_addr().expect("the socket is bound");
    (address, listener)
}

/// The threads of a server. When dropped, everything that runs on them has ended and let go of what it had: of
/// temporary folders above all, which would stay if the test's process ended first.
pub struct Background {
    runtime: Option<Runtime>,
}

impl Background {
    /// This many threads.
    ///
    /// # Panics
    /// When the system has none.
    pub fn new(threads: usize) -> Background {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        Background {
            runtime: Some(runtime),
        }
    }

    /// A server on one thread: what `serve` does with what comes in here.
    ///
    /// # Panics
    /// When the system has no thread or no event queue.
    pub fn serve<S, F>(listener: std::net::TcpListener, serve: S) -> Background
    where
        S: FnOnce(TcpListener) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let background = Background::new(1);
        let runtime = background.runtime();
        let entered = runtime.enter();
        let listener = TcpListener::from_std(listener).expect("the socket can be used");
        runtime.spawn(serve(listener));
        drop(entered);
        background
    }

    /// To start tasks on them.
    ///
    /// # Panics
    /// Never, as they end with `self`.
    pub fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it was not dropped")
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // On a thread of its own, because the thread of a test with a runtime may not wait for another one.
            let stopped = std::thread::spawn(|| runtime.shutdown_timeout(STOPPING)).join();
            assert!(
                stopped.is_ok() || std::thread::panicking(),
                "the server can be stopped"
            );
        }
    }
}
