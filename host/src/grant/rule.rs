//! What requests a target may send: an origin, perhaps only some methods, perhaps only some paths.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::path;
use super::{Origin, OriginError};

/// Characters of a rule.
const LENGTH: usize = 2_000;
/// Methods of a rule. RFC 9110 and WebDAV know fewer together.
const METHODS: usize = 40;
/// Characters of a method; the longest registered one, `UPDATEREDIRECTREF`, has 17.
const METHOD: usize = 20;

/// Requests to one origin: with any method or some, to any path or those below a prefix.
///
/// Its text form, in which it is serialised, is a URL, with methods before it where not all are meant: `https://api.example.com`,
/// `https://api.example.com/v1/`, `GET,HEAD https://api.example.com/v1/`. A prefix ends where a segment does: `/v1` stands for `/v1` and
/// `/v1/...`, not for `/v10`; `/v1/` stands for what is below it only. A method is a name in capitals; `GET` does not mean
/// `HEAD`, too. Query strings are not looked at.
///
/// ```
/// # fn main() -> Result<(), bowline_host::grant::RuleError> {
/// use bowline_host::Rule;
///
/// let rule: Rule = "HEAD,GET https://API.example.com:443/v1/".parse()?;
/// assert_eq!(rule.to_string(), "GET,HEAD https://api.example.com/v1/");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    origin: Origin,
    /// Never empty: without the set, every method is meant.
    methods: Option<BTreeSet<String>>,
    /// As the URL has it, percent-encoded. Never `/`, which would say nothing.
    path: Option<String>,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The URL has no origin that requests could go to.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// It has other characters than a URL has, besides the one blank after the methods, or is too long.
    #[error(
        "it is longer than {LENGTH} characters, or holds blanks, backslashes or control characters"
    )]
    Text,
    /// It is not written as URLs are.
    #[error("it does not begin with 'http://' or 'https://'")]
    Form,
    /// What stands before the URL are no methods that could be allowed.
    #[error(
        "its methods have to be names in capitals with commas between them, and neither CONNECT nor TRACE"
    )]
    Methods,
    /// It means more than one host, which no rule does.
    #[error("a rule names one host, without '*'")]
    Wildcard,
    /// Two programs could take the path for different ones.
    #[error(
        "its path is ambiguous: it holds '//', ';' in a segment of dots, or a hidden '/', '\\', '.' or '..'"
    )]
    Path,
    /// It goes on after the path.
    #[error("a rule has no query and no fragment")]
    Query,
}

impl Rule {
    /// Every request to this origin.
    #[must_use]
    pub fn any(origin: Origin) -> Self {
        Self {
            origin,
            methods: None,
            path: None,
        }
    }

    /// Where the requests go.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The methods that are meant, in alphabetical order; `None` are all of them.
    pub fn methods(&self) -> Option<impl Iterator<Item = &str>> {
        let methods = self.methods.as_ref()?;
        Some(methods.iter().map(String::as_str))
    }

    /// The prefix of the paths that are meant, percent-encoded; `None` are all of them.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Whether every request to the origin is meant.
    pub(super) fn is_whole(&self) -> bool {
        self.methods.is_none() && self.path.is_none()
    }

    /// Whether all that `other` allows is allowed by this rule, too.
    pub fn covers(&self, other: &Self) -> bool {
        let methods = match (&self.methods, &other.methods) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(these), Some(those)) => those.is_subset(these),
        };
        let path = match (&self.path, &other.path) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(this), Some(that)) => path::is_below(this, that),
        };
        self.origin == other.origin && methods && path
    }

    /// Whether requests with this method are meant. Methods are case-sensitive (RFC 9110, section 9.1).
    pub(super) fn has_method(&self, method: &str) -> bool {
        self.methods
            .as_ref()
            .is_none_or(|methods| methods.contains(method))
    }

    /// Whether the path of this URL is meant, whoever reads it.
    pub(super) fn has_path(&self, url: &Url) -> bool {
        match &self.path {
            None => true,
            Some(prefix) => path::is_plain(url.path()) && path::is_below(prefix, url.path()),
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (methods, address) = match text.split_once(' ') {
            Some((methods, address)) => (Some(methods), address),
            None => (None, text),
        };
        let strange = |c: char| c.is_whitespace() || c == '\\' || crate::text::is_hostile(c);
        if text.len() > LENGTH || address.contains(strange) {
            return Err(RuleError::Text);
        }
        let url = Url::parse(address).map_err(OriginError::from)?;
        let origin = Origin::of(&url)?;
        // `https:host` is read as a URL, too.
        let start = address.get(..origin.scheme().len() + 3);
        if !start
            .is_some_and(|start| start.eq_ignore_ascii_case(&format!("{}://", origin.scheme())))
        {
            return Err(RuleError::Form);
        }
        if origin.host().contains('*') {
            return Err(RuleError::Wildcard);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(RuleError::Query);
        }
        // Looked at as it was written: reading it as a URL has resolved its dots already.
        if !path::is_plain(url.path()) || path_of(address).is_some_and(|path| !path::is_plain(path))
        {
            return Err(RuleError::Path);
        }
        let path = Some(url.path().to_owned()).filter(|path| path != "/");
        Ok(Self {
            origin,
            methods: methods.map(parse_methods).transpose()?,
            path,
        })
    }
}

/// What follows the host in an address.
fn path_of(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    rest.find('/').map(|at| &rest[at..])
}

fn parse_methods(text: &str) -> Result<BTreeSet<String>, RuleError> {
    let mut methods = BTreeSet::new();
    for method in text.split(',') {
        let is_name = (1..=METHOD).contains(&method.len())
            && method
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        if !is_name || super::is_never_sent(method) {
            return Err(RuleError::Methods);
        }
        methods.insert(method.to_owned());
    }
    if methods.len() > METHODS {
        return Err(RuleError::Methods);
    }
    Ok(methods)
}

impl TryFrom<String> for Rule {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

/// The text form that is read back as the same rule.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(methods) = &self.methods {
            for (index, method) in methods.iter().enumerate() {
                let before = if index == 0 { "" } else { "," };
                write!(f, "{before}{method}")?;
            }
            f.write_str(" ")?;
        }
        write!(f, "{}{}", self.origin, self.path.as_deref().unwrap_or(""))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({self})")
    }
}
