//! Reads the documents of Bindle servers in bounded memory.
//!
//! What a parser makes of TOML takes some thirty times as much memory as the text, and an invoice may list 20,000 parcels. So the text is cut
//! at the headers of its long lists, `[[parcel]]` and the like, and each piece is parsed by itself. Servers write these lists in no
//! other way; one that does is held to the size of all that stands beside them.

use std::iter::Peekable;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml_parser::Source;
use toml_parser::lexer::{Lexer, TokenKind};

use super::{
    Invoice, InvoiceCreated, InvoiceError, Label, MOST_PARCELS, Matches, MissingParcels, Parcel,
};

/// Most bytes of a piece, one parcel or label.
const LONGEST_PIECE: usize = 64 << 10;

/// Most bytes of all that is in no piece.
const LONGEST_REST: usize = 256 << 10;

/// Most keys and items in the whole of a text. A parcel of Bowline's has ten; each can become an entry of a map, which takes a hundred bytes.
const MOST_VALUES: usize = 300_000;

pub(super) fn invoice(text: &str) -> Result<Invoice, InvoiceError> {
    let cut = Cut::of(text, &["parcel"], LONGEST_PIECE)?;
    let mut invoice: Invoice = parse(&cut.rest)?;
    cut.add(0, &mut invoice.parcel, |piece| {
        Ok(parse::<Parcels>(piece)?.parcel)
    })?;
    Ok(invoice)
}

pub(super) fn created(text: &str) -> Result<InvoiceCreated, InvoiceError> {
    #[derive(Deserialize)]
    struct Piece {
        invoice: Parcels,
    }
    let cut = Cut::of(text, &["invoice.parcel", "missing"], LONGEST_PIECE)?;
    let mut created: InvoiceCreated = parse(&cut.rest)?;
    cut.add(0, &mut created.invoice.parcel, |piece| {
        Ok(parse::<Piece>(piece)?.invoice.parcel)
    })?;
    let written = created.missing.take();
    let is_written = written.is_some();
    let mut missing = written.unwrap_or_default();
    cut.add(1, &mut missing, labels)?;
    created.missing = (is_written || !missing.is_empty()).then_some(missing);
    Ok(created)
}

pub(super) fn missing(text: &str) -> Result<MissingParcels, InvoiceError> {
    let cut = Cut::of(text, &["missing"], LONGEST_PIECE)?;
    let mut all: MissingParcels = parse(&cut.rest)?;
    cut.add(0, &mut all.missing, labels)?;
    Ok(all)
}

fn labels(piece: &str) -> Result<Vec<Label>, InvoiceError> {
    Ok(parse::<MissingParcels>(piece)?.missing)
}

pub(super) fn matches(text: &str) -> Result<Matches, InvoiceError> {
    #[derive(Deserialize)]
    struct Found {
        invoices: Vec<Invoice>,
    }
    // Without the header of its invoice before it, a parcel's makes a table of that.
    #[derive(Deserialize)]
    struct Piece {
        invoices: Parcels,
    }
    let cut = Cut::of(text, &["invoices"], text.len())?;
    let mut matches: Matches = parse(&cut.rest)?;
    cut.add(0, &mut matches.invoices, |text| {
        let cut = Cut::of(text, &["invoices.parcel"], LONGEST_PIECE)?;
        let mut found: Found = parse(&cut.rest)?;
        if let [invoice] = &mut found.invoices[..] {
            cut.add(0, &mut invoice.parcel, |piece| {
                Ok(parse::<Piece>(piece)?.invoices.parcel)
            })?;
        }
        Ok(found.invoices)
    })?;
    Ok(matches)
}

#[derive(Deserialize)]
struct Parcels {
    parcel: Vec<Parcel>,
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, InvoiceError> {
    toml::from_str(text).map_err(|error| InvoiceError::Syntax(error.message().to_owned()))
}

/// A text without the items of its long lists, and those.
struct Cut<'t> {
    rest: String,
    /// Which list, and the text of one item with its header.
    pieces: Vec<(usize, &'t str)>,
}

impl<'t> Cut<'t> {
    /// Cuts a text at the headers of these lists, into pieces of at most `longest` bytes. A piece goes on to the next header that is
    /// not below its own.
    fn of(text: &'t str, lists: &[&str], longest: usize) -> Result<Self, InvoiceError> {
        let mut cut = Self {
            rest: String::new(),
            pieces: Vec::new(),
        };
        let (mut list, mut start) = (None, 0);
        let (mut values, mut depth, mut begins) = (0, 0_usize, true);
        let mut tokens = Source::new(text).lex().peekable();
        while let Some(token) = tokens.next() {
            match token.kind() {
                TokenKind::Newline => {
                    begins = true;
                    continue;
                }
                TokenKind::Whitespace => continue,
                TokenKind::LeftSquareBracket if begins && depth == 0 => {
                    let (path, is_list) = header(text, &mut tokens);
                    // Each makes an entry of a map, too.
                    values += 1;
                    let next = lists.iter().position(|list| is_list && path == *list);
                    let is_below = list.is_some_and(|at: usize| {
                        let below = path.strip_prefix(lists[at]);
                        below.is_some_and(|below| below.starts_with('.'))
                    });
                    if next.is_some() || !is_below {
                        let here = token.span().start();
                        cut.push(list, &text[start..here], longest)?;
                        (list, start) = (next, here);
                    }
                }
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                    depth = depth.saturating_sub(1);
                }
                TokenKind::Equals | TokenKind::Comma => values += 1,
                _ => {}
            }
            begins = false;
            if values > MOST_VALUES {
                return Err(InvoiceError::TooMany {
                    what: "values",
                    limit: MOST_VALUES,
                });
            }
        }
        cut.push(list, &text[start..], longest)?;
        Ok(cut)
    }

    fn push(
        &mut self,
        list: Option<usize>,
        text: &'t str,
        longest: usize,
    ) -> Result<(), InvoiceError> {
        let (length, limit) = match list {
            None => (self.rest.len() + text.len(), LONGEST_REST),
            Some(_) => (text.len(), longest),
        };
        if length > limit {
            let what = match list {
                None => "what it says besides its lists",
                Some(_) => "one of its parcels",
            };
            return Err(InvoiceError::TooLong { what, limit });
        }
        match list {
            None => self.rest.push_str(text),
            // Parcels, and as many that are missing.
            Some(_) if self.pieces.len() == 2 * MOST_PARCELS => {
                return Err(InvoiceError::TooMany {
                    what: "parcels",
                    limit: MOST_PARCELS,
                });
            }
            Some(list) => self.pieces.push((list, text)),
        }
        Ok(())
    }

    /// Adds the items of one list to what the rest has of it, which has to be nothing.
    fn add<T>(
        &self,
        list: usize,
        items: &mut Vec<T>,
        read: impl Fn(&str) -> Result<Vec<T>, InvoiceError>,
    ) -> Result<(), InvoiceError> {
        let here = || self.pieces.iter().filter(|(of, _)| *of == list);
        if here().next().is_some() && !items.is_empty() {
            return Err(InvoiceError::Syntax(
                "a list is written in two ways".to_owned(),
            ));
        }
        for (_, piece) in here() {
            items.append(&mut read(piece)?);
        }
        if items.len() > MOST_PARCELS {
            return Err(InvoiceError::TooMany {
                what: "parcels",
                limit: MOST_PARCELS,
            });
        }
        Ok(())
    }
}

/// The path in a header whose first bracket was read, as it is written but for blanks, and whether it is that of a list's item.
fn header(text: &str, tokens: &mut Peekable<Lexer<'_>>) -> (String, bool) {
    let is_bracket = TokenKind::LeftSquareBracket;
    let is_list = tokens.next_if(|token| token.kind() == is_bracket).is_some();
    let mut path = String::new();
    let is_within = |kind| !matches!(kind, TokenKind::RightSquareBracket | TokenKind::Newline);
    while let Some(token) = tokens.next_if(|token| is_within(token.kind())) {
        if token.kind() != TokenKind::Whitespace {
            path.push_str(&text[token.span().start()..token.span().end()]);
        }
    }
    (path, is_list)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "bindleVersion = '1.0.0'\n[bindle]\nname = 'a'\nversion = '1.0.0'\n";

    fn parcel(name: &str) -> String {
        format!(
            "[[parcel]]\n[parcel.label]\nsha256 = '{name}'\nmediaType = 'a/b'\nname = '{name}'\nsize = 1\n[parcel.label.feature.x]\ny = 'z'\n"
        )
    }

    /// As a parser that takes all at once has it.
    fn is_read_whole(text: &str) {
        assert_eq!(invoice(text).unwrap(), toml::from_str(text).unwrap());
    }

    #[test]
    fn pieces_are_what_the_whole_is() {
        let (one, two) = (parcel("one"), parcel("two"));
        let group = "[[group]]\nname = 'g'\n";
        is_read_whole(REST);
        is_read_whole(&format!("{REST}{one}{two}"));
        is_read_whole(&format!("{REST}{one}{group}{two}[annotations]\na = 'b'\n"));
        is_read_whole(&format!("{one}  [ bindle ] # here\nname = 'a'\nversion = '1'\n{two}").replace(
            "[[parcel]]\n[parcel.label]\nsha256 = 'one'",
            "bindleVersion = '1'\n[[ parcel ]]\n[parcel . label]\nsha256 = '''\n[[parcel]]\n'''",
        ));
        let inline =
            "parcel = [\n{ label = { sha256 = 's', mediaType = 'm', name = 'n', size = 1 } },\n]\n";
        is_read_whole(&format!("{inline}{REST}"));
        assert!(invoice(&format!("{inline}{REST}{one}")).is_err());
    }

    #[test]
    fn what_the_whole_would_not_be_the_pieces_are_not() {
        let one = parcel("one");
        for text in [
            format!("{REST}{REST}"),
            format!("{REST}{one}[parcel.label]\nsize = 2\n"),
            format!("{REST}[parcel]\n{one}"),
            format!("{REST}{one}[[parcel]\n"),
            format!("{REST}{one}a = [\n{one}"),
            one,
        ] {
            assert!(toml::from_str::<Invoice>(&text).is_err(), "{text}");
            assert!(invoice(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_created_and_what_is_missing() {
        let label = "sha256 = 's'\nmediaType = 'm'\nname = 'n'\nsize = 1\n";
        let lists = format!(
            "[invoice]\nbindleVersion = '1.0.0'\n[invoice.bindle]\nname = 'a'\nversion = '1'\n[[invoice.parcel]]\n[invoice.parcel.label]\n{label}"
        );
        let none = created(&lists).unwrap();
        assert_eq!(none, toml::from_str(&lists).unwrap());
        assert_eq!((none.invoice.parcel.len(), none.missing), (1, None));
        let text = format!("missing = []\n{lists}");
        assert_eq!(created(&text).unwrap(), toml::from_str(&text).unwrap());
        let text = format!("{lists}[[missing]]\n{label}[[missing]]\n{label}");
        let two = created(&text).unwrap();
        assert_eq!(two, toml::from_str(&text).unwrap());
        let text = format!("[[missing]]\n{label}[[missing]]\n{label}");
        assert_eq!(Some(missing(&text).unwrap().missing), two.missing);
        assert_eq!(
            missing("missing = []\n").unwrap(),
            MissingParcels::default()
        );
    }

    #[test]
    fn a_page_of_invoices() {
        let invoice = |name: &str| {
            let text = format!(
                "{REST}{}[[signature]]\nby = 'b'\nsignature = 's'\nkey = 'k'\nrole = 'r'\nat = 1\n",
                parcel(name)
            );
            let below = text
                .replace("[[", "[[invoices.")
                .replace("\n[", "\n[invoices.");
            let below = below.replace("[invoices.[invoices.", "[[invoices.");
            format!("[[invoices]]\n{below}")
        };
        let head = "query = 'q'\nstrict = true\noffset = 0\nlimit = 2\ntotal = 2\nmore = false\n";
        for text in [
            head.to_owned(),
            format!("{head}invoices = []\n"),
            format!("{head}{}{}", invoice("one"), invoice("two")),
        ] {
            let whole: Matches = toml::from_str(&text).unwrap();
            assert_eq!(matches(&text).unwrap(), whole);
        }
    }

    #[test]
    fn too_much_is_refused() {
        let refusal = |text: &str| invoice(text).unwrap_err().to_string();
        let many = "a='',".repeat(MOST_VALUES);
        assert!(refusal(&format!("a={{{many}}}")).contains("values"));
        // Names of tables without anything in them.
        let feature = |n: usize| format!("[parcel.label.feature.a{n}]\n");
        let piece = format!(
            "{}{}",
            parcel("a"),
            (0..2000).map(feature).collect::<String>()
        );
        assert!(refusal(&format!("{REST}{}", piece.repeat(160))).contains("values"));
        let long = "a".repeat(LONGEST_PIECE);
        assert!(refusal(&format!("{REST}[[parcel]]\na='{long}'\n")).contains("one of its parcels"));
        let long = "a".repeat(LONGEST_REST);
        assert!(refusal(&format!("a='{long}'\n{REST}")).contains("besides its lists"));
    }
}
