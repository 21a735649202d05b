//! Pages, with Hippo's arithmetic.

use std::cmp::Ordering;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::Serialize;
use url::form_urlencoded;
use uuid::Uuid;

use super::Answer;

/// The size of a page unless the request says otherwise.
const DEFAULT_SIZE: i32 = 50;

/// What a request asks for in its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageQuery {
    index: i32,
    size: Option<i32>,
    /// What names have to contain.
    pub(crate) search: String,
    sort_by: String,
    ascending: bool,
    /// The channel that statuses are asked for.
    pub(crate) channel_id: Option<Uuid>,
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl PageQuery {
    /// Reads a query string: keys without regard to case, the first of a kind, and the default for
    /// whatever can't be read.
    fn parse(query: &str) -> Self {
        let value = |key: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value.into_owned())
                .filter(|value| !value.is_empty())
        };
        let number = |key: &str| value(key).and_then(|value| value.trim().parse::<i32>().ok());
        Self {
            index: number("pageIndex").unwrap_or(0),
            size: number("pageSize"),
            search: value("searchText").unwrap_or_default(),
            sort_by: value("sortBy").unwrap_or_else(|| "Name".to_owned()),
            ascending: value("IsSortedAscending")
                .is_none_or(|value| !value.trim().eq_ignore_ascii_case("false")),
            channel_id: value("channelId").and_then(|value| Uuid::parse_str(value.trim()).ok()),
        }
    }

    /// The same with a larger page where the request names no size.
    pub(crate) fn or_everything(mut self) -> Self {
        self.size = self.size.or(Some(i32::MAX));
        self
    }

    fn size(&self) -> i32 {
        self.size.unwrap_or(DEFAULT_SIZE)
    }

    /// How many items come before the page. Hippo multiplies without looking, and skips nothing when
    /// the result is negative.
    pub(crate) fn offset(&self) -> i32 {
        self.index.wrapping_mul(self.size())
    }

    /// How many items fit on the page.
    pub(crate) fn limit(&self) -> usize {
        usize::try_from(self.size()).unwrap_or(0)
    }

    /// Whether a name contains the text that was searched for. Case counts.
    pub(crate) fn finds(&self, name: &str) -> bool {
        name.contains(&self.search)
    }

    /// Cuts the page out of all items.
    pub(crate) fn cut<T>(&self, items: Vec<T>, total: usize) -> Page<T> {
        let skipped = usize::try_from(self.offset()).unwrap_or(0);
        self.page(
            items.into_iter().skip(skipped).take(self.limit()).collect(),
            total,
        )
    }

    /// A page of items that have been cut out already.
    pub(crate) fn page<T>(&self, items: Vec<T>, total: usize) -> Page<T> {
        let total_items = i32::try_from(total).unwrap_or(i32::MAX);
        let count = i32::try_from(items.len()).unwrap_or(i32::MAX);
        Page {
            is_last_page: total_items == self.offset().wrapping_add(count),
            items,
            total_items,
            page_index: self.index,
            page_size: self.size(),
        }
    }

    /// Sorts by the property that the request names, as C# spells it.
    ///
    /// Fails when there is no such property, or when there are items to compare and it can't be.
    pub(crate) fn sort<T: Sortable>(&self, items: &mut [T]) -> Answer<()> {
        let kind = T::property(&self.sort_by).ok_or_else(|| {
            anyhow::anyhow!("items have no property '{}' to sort by", self.sort_by)
        })?;
        let Property::Comparable(key) = kind else {
            if items.len() > 1 {
                return Err(
                    anyhow::anyhow!("property '{}' can't be compared", self.sort_by).into(),
                );
            }
            return Ok(());
        };
        items.sort_by(|left, right| {
            let order = key(left).cmp(&key(right));
            if self.ascending {
                order
            } else {
                order.reverse()
            }
        });
        Ok(())
    }

    /// Whether ascending order was asked for, which it is by default.
    pub(crate) fn ascending(&self) -> bool {
        self.ascending
    }
}

/// One page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    items: Vec<T>,
    total_items: i32,
    page_index: i32,
    page_size: i32,
    is_last_page: bool,
}

/// Items that a request can have sorted.
pub(crate) trait Sortable: Sized {
    /// The property of this C# name.
    fn property(name: &str) -> Option<Property<Self>>;
}

/// How a property sorts.
pub(crate) enum Property<T> {
    /// By this key.
    Comparable(fn(&T) -> Key),
    /// Not at all.
    Opaque,
}

/// A property's value, as it sorts. Nothing comes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A text that may be null.
    Text(Option<Text>),
    /// An identifier.
    Id(Uuid),
    /// The number of an enumeration's value.
    Number(i32),
}

impl Key {
    /// The key of a text that is there.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(Some(Text(text.to_owned())))
    }

    /// The key of a text that may be null.
    pub(crate) fn optional_text(text: Option<&str>) -> Self {
        Self::Text(text.map(|text| Text(text.to_owned())))
    }
}

/// A text that sorts as .NET's invariant culture has it: letters by the alphabet, small before
/// capital only where nothing else differs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text(String);

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        let letters = self.0.to_lowercase().cmp(&other.0.to_lowercase());
        letters.then_with(|| other.0.cmp(&self.0))
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_fall_back_to_defaults() {
        let query = PageQuery::parse("");
        assert_eq!(
            (query.index, query.size(), query.sort_by.as_str()),
            (0, 50, "Name")
        );
        assert!(query.ascending());
        let query =
            PageQuery::parse("PAGEINDEX=2&pagesize=x&isSortedAscending=False&searchtext=a%2Bb");
        assert_eq!(
            (query.index, query.size(), query.search.as_str()),
            (2, 50, "a+b")
        );
        assert!(!query.ascending());
        assert_eq!(PageQuery::parse("").or_everything().size(), i32::MAX);
        assert_eq!(PageQuery::parse("pageSize=3").or_everything().size(), 3);
    }

    #[test]
    fn arithmetic() {
        let cut = |query: &str, count: usize, total: usize| {
            let page = PageQuery::parse(query).cut((0..count).collect(), total);
            (page.items, page.is_last_page)
        };
        assert_eq!(cut("pageSize=2", 3, 3), (vec![0, 1], false));
        assert_eq!(cut("pageSize=2&pageIndex=1", 3, 3), (vec![2], true));
        // Past the end no page is the last one.
        assert_eq!(cut("pageSize=2&pageIndex=2", 3, 3), (vec![], false));
        // A total that counts more than the search finds never lets a page be the last one.
        assert_eq!(cut("", 1, 5), (vec![0], false));
        assert_eq!(cut("pageSize=0", 3, 3), (vec![], false));
        assert_eq!(cut("pageSize=-1", 3, 3), (vec![], false));
        assert_eq!(cut("pageSize=2147483647", 3, 3), (vec![0, 1, 2], true));
        // 2147483647 * 2 is -2 in 32 bits, and a negative offset skips nothing.
        assert_eq!(
            cut("pageSize=2147483647&pageIndex=2", 2, 0),
            (vec![0, 1], true)
        );
    }

    struct Item(&'static str);

    impl Sortable for Item {
        fn property(name: &str) -> Option<Property<Self>> {
            match name {
                "Name" => Some(Property::Comparable(|item| Key::text(item.0))),
                "Channels" => Some(Property::Opaque),
                _ => None,
            }
        }
    }

    #[test]
    fn sorting() {
        let sorted = |query: &str| {
            let mut items = [Item("b"), Item("B"), Item("a"), Item("C")];
            PageQuery::parse(query)
                .sort(&mut items)
                .map(|()| items.map(|item| item.0))
        };
        assert_eq!(sorted("").unwrap(), ["a", "b", "B", "C"]);
        assert_eq!(
            sorted("IsSortedAscending=false").unwrap(),
            ["C", "B", "b", "a"]
        );
        assert!(sorted("sortBy=name").is_err());
        assert!(sorted("sortBy=Channels").is_err());
        assert!(
            PageQuery::parse("sortBy=Channels")
                .sort(&mut [Item("a")])
                .is_ok()
        );
        assert!(
            PageQuery::parse("sortBy=name")
                .sort::<Item>(&mut [])
                .is_err()
        );
    }
}
