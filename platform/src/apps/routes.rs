//! Which component answers a path.
//!
//! Spin's rules, on the library that Spin uses: a route is exact (`/about`), ends with a wildcard
//! (`/docs/...`) or has named segments (`/users/:id`), also together. The most specific route wins,
//! whatever their order: an exact segment before a named one, a named one before the wildcard, a
//! longer prefix before a shorter one. A trailing slash of the path doesn't matter. Of routes
//! written twice the last one counts.

use std::collections::BTreeMap;

use routefinder::{RouteSpec, Router};

/// The routes of one application.
#[derive(Debug)]
pub struct Routes {
    base: String,
    router: Router<Entry>,
}

#[derive(Debug)]
struct Entry {
    raw: String,
    based: String,
    component: usize,
}

/// A path that found its component.
#[derive(Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// Index of the component.
    pub component: usize,
    /// The base path that all routes share; `/` when there is none.
    pub base: &'a str,
    /// The route as the manifest has it.
    pub raw_route: &'a str,
    /// The route behind the base.
    pub based_route: &'a str,
    /// What the wildcard stood for, with the slash in front; empty without a wildcard.
    pub path_info: String,
    /// Named segments and what they stood for.
    pub named: Vec<(String, String)>,
}

/// A route that can't be understood.
#[derive(Debug, thiserror::Error)]
#[error("the route '{route}' can't be used: {reason}")]
pub struct RouteError {
    route: String,
    reason: String,
}

impl Routes {
    /// Takes the routes, each with the index of its component, below `base`.
    ///
    /// # Errors
    /// The first route that isn't one.
    pub fn new<'a>(
        base: &str,
        routes: impl IntoIterator<Item = (&'a str, usize)>,
    ) -> Result<Self, RouteError> {
        let base = absolute(base);
        let mut router = Router::new();
        // The library keeps equal routes beside each other, and the first one matches.
        let routes: BTreeMap<&str, usize> = routes.into_iter().collect();
        for (raw, component) in routes {
            let based = format!("{}{}", trimmed(&base), trimmed(&absolute(raw)));
            let fault = |reason: &str| RouteError {
                route: raw.to_owned(),
                reason: reason.to_owned(),
            };
            let spec = match based.strip_suffix("/...") {
                Some(prefix) => format!("{prefix}/*"),
                None if based.is_empty() => "/".to_owned(),
                None => based.clone(),
            };
            if spec.trim_end_matches("/*").contains('*') || spec.contains("...") {
                return Err(fault("a wildcard is only possible at its end, as '/...'"));
            }
            let spec: RouteSpec = spec.parse().map_err(|reason: String| fault(&reason))?;
            let entry = Entry {
                raw: raw.to_owned(),
                based,
                component,
            };
            router
                .add(spec, entry)
                .map_err(|_| fault("it isn't a route"))?;
        }
        Ok(Self { base, router })
    }

    /// The route for a path, which is taken as it stands in the request: percent-encoded.
    pub fn find(&self, path: &str) -> Option<Match<'_>> {
        let found = self.router.best_match(path)?;
        let captures = found.captures();
        let path_info = captures
            .wildcard()
            .map(|rest| match (rest.is_empty(), path.ends_with('/')) {
                (true, false) => String::new(),
                (true, true) => "/".to_owned(),
                (false, false) => format!("/{rest}"),
                (false, true) => format!("/{rest}/"),
            })
            .unwrap_or_default();
        let named = captures
            .params()
            .iter()
            .map(|capture| (capture.name().to_owned(), capture.value().to_owned()))
            .collect();
        let entry = found.handler();
        Some(Match {
            component: entry.component,
            base: &self.base,
            raw_route: &entry.raw,
            based_route: &entry.based,
            path_info,
            named,
        })
    }
}

/// The route with a slash in front.
fn absolute(route: &str) -> String {
    if route.starts_with('/') {
        route.to_owned()
    } else {
        format!("/{route}")
    }
}

/// The route without a slash at its end.
fn trimmed(route: &str) -> &str {
    route.strip_suffix('/').unwrap_or(route)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(base: &str, routes: &[&str]) -> Routes {
        Routes::new(base, routes.iter().copied().zip(0..)).unwrap()
    }

    fn found<'a>(routes: &'a Routes, path: &str) -> Option<&'a str> {
        routes.find(path).map(|found| found.raw_route)
    }

    #[test]
    fn the_most_specific_route_wins_in_any_order() {
        let mut all = vec![
            "/",
            "/...",
            "/one",
            "/one/...",
            "/one/two/...",
            "/one/:name",
            "/one/:name/end",
        ];
        for _ in 0..2 {
            let routes = routes("/", &all);
            for (path, expected) in [
                ("/", "/"),
                ("/one", "/one"),
                ("/one/", "/one"),
                ("/one/x", "/one/:name"),
                ("/one/x/end", "/one/:name/end"),
                ("/one/x/y", "/one/..."),
                ("/one/two/three", "/one/two/..."),
                ("/two", "/..."),
                ("/two/three/", "/..."),
            ] {
                assert_eq!(found(&routes, path), Some(expected), "{path}");
            }
            all.reverse();
        }
    }

    #[test]
    fn without_a_wildcard_other_paths_find_nothing() {
        let routes = routes("/", &["/one", "/users/:id"]);
        for path in ["/", "/on", "/onee", "/one/two", "/users", "/users/1/2"] {
            assert_eq!(found(&routes, path), None, "{path}");
        }
    }

    #[test]
    fn the_match_says_what_stood_for_what() {
        let routes = routes("/", &["/users/:id/...", "/exact"]);
        let found = routes.find("/users/42/a/b/").unwrap();
        assert_eq!(found.path_info, "/a/b/");
        assert_eq!(found.named, [("id".to_owned(), "42".to_owned())]);
        assert_eq!(routes.find("/users/42").unwrap().path_info, "");
        assert_eq!(routes.find("/users/42/").unwrap().path_info, "/");
        assert_eq!(routes.find("/exact").unwrap().path_info, "");
    }

    #[test]
    fn a_base_comes_before_every_route() {
        let routes = routes("/base/", &["/...", "about"]);
        let found = routes.find("/base/about").unwrap();
        assert_eq!(found.based_route, "/base/about");
        assert_eq!(found.raw_route, "about");
        assert_eq!(routes.find("/base/x").unwrap().based_route, "/base/...");
        assert!(routes.find("/about").is_none());
    }

    #[test]
    fn the_last_of_two_equal_routes_counts() {
        let routes = routes("/", &["/one", "/one"]);
        assert_eq!(routes.find("/one").unwrap().component, 1);
    }

    #[test]
    fn nonsense_is_refused() {
        for route in ["/a/*/b", "/a/.../b", "/...x"] {
            assert!(Routes::new("/", [(route, 0)]).is_err(), "{route}");
        }
    }

    #[test]
    fn odd_routes_and_paths_do_no_harm() {
        for route in [
            "", "/:", "/:a:b", "/a:b", "/:a.json", "/:a/:a", "//", "/é/:x",
        ] {
            let Ok(routes) = Routes::new("/", [(route, 0)]) else {
                continue;
            };
            for path in [
                "/",
                "",
                "/:",
                "/é.json",
                "/é/é",
                "//a//b",
                "/a.b.json",
                "/%2F",
            ] {
                let named = routes
                    .find(path)
                    .map(|found| found.named)
                    .unwrap_or_default();
                assert!(named.iter().all(|(_, value)| path.contains(value.as_str())));
            }
        }
    }
}
