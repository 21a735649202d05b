//! Capability `console`: what the user sees while the target works.

use std::sync::atomic::Ordering;

use url::Url;

use crate::bindings::console;
use crate::state::{Capabilities, Run};
use crate::text;

impl console::Host for Capabilities<'_> {
    fn step(&mut self, message: String) -> wasmtime::Result<()> {
        self.tell(&message, |run, message| run.observer.step(message));
        Ok(())
    }

    fn warn(&mut self, message: String) -> wasmtime::Result<()> {
        self.tell(&message, |run, message| run.observer.warn(message));
        Ok(())
    }

    fn link(&mut self, message: String, url: String) -> wasmtime::Result<()> {
        let url = page(&url);
        let bytes = url.as_ref().map_or(0, String::len);
        self.tell_with(&message, bytes, |run, message| match &url {
            Some(url) => run.observer.link(message, url),
            None => run.observer.warn(&format!(
                "{message} (the target gave a link that can't be opened)"
            )),
        });
        Ok(())
    }
}

impl Capabilities<'_> {
    /// Passes a message on, cleaned, until there were too many. Without an environment there is nobody to talk to.
    fn tell(&self, message: &str, tell: impl FnOnce(&Run, &str)) {
        self.tell_with(message, 0, tell);
    }

    /// With so many bytes besides.
    fn tell_with(&self, message: &str, besides: usize, tell: impl FnOnce(&Run, &str)) {
        let run = self.run;
        if run.lent("the console").is_err() {
            return;
        }
        let message = text::line(message, run.limits.console_line);
        // A guest calls one function at a time, so nothing changes between looking and counting.
        let lines = run.console_lines.load(Ordering::Relaxed);
        if lines > run.limits.console_lines {
            return;
        }
        let bytes = &run.tally.console_bytes;
        let said = bytes.load(Ordering::Relaxed) + (message.len() + besides) as u64;
        if lines == run.limits.console_lines || said > run.limits.console_bytes {
            let over = run.limits.console_lines.saturating_add(1);
            run.console_lines.store(over, Ordering::Relaxed);
            run.observer
                .warn("the target says too much; its further messages are not shown");
            return;
        }
        run.console_lines.store(lines + 1, Ordering::Relaxed);
        bytes.store(said, Ordering::Relaxed);
        tell(run, &message);
    }
}

/// The link in normal form, if a browser can open it and shows where it leads.
fn page(url: &str) -> Option<String> {
    const MAX: usize = 2_000;
    let url = Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let honest = url.username().is_empty() && url.password().is_none() && url.as_str().len() <= MAX;
    honest.then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn only_plain_web_pages_are_links() {
        assert_eq!(
            page("https://a.test/login?code=1").as_deref(),
            Some("https://a.test/login?code=1")
        );
        assert_eq!(
            page("https://a.test/\u{1b}[0m").as_deref(),
            Some("https://a.test/%1B[0m")
        );
        for url in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://bank.test@evil.test/",
            "a.test",
            "",
        ] {
            assert_eq!(page(url), None, "{url}");
        }
        assert_eq!(page(&format!("https://a.test/{}", "x".repeat(3000))), None);
    }
}
