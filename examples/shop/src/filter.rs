//! What a visitor may ask of the list: read from an address, written back into one, and part of a cache key.

use serde::{Deserialize, Serialize};

/// How many flights stand on one page of a list.
pub const PAGE_SIZE: u32 = 24;

/// The furthest page anybody gets to. There are fewer, but an address can say anything.
const LAST_PAGE: u32 = 1_000;

/// Which flights, in which order, and which page of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Filter {
    /// The airport in New York.
    pub from: Option<String>,
    /// The destination.
    pub to: Option<String>,
    /// The airline.
    pub airline: Option<String>,
    /// The part of the day in which it leaves.
    pub part: Option<PartOfDay>,
    /// The most a ticket may cost, in dollars.
    pub max_fare: Option<u32>,
    /// The order.
    pub sort: Sort,
    /// The page, from 1.
    pub page: u32,
}

/// When a flight leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartOfDay {
    /// Before noon.
    Morning,
    /// From noon to six.
    Afternoon,
    /// After six.
    Evening,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sort {
    /// Most seats flown first.
    #[default]
    Popular,
    /// Most arrivals on time first.
    Punctual,
    /// Cheapest first.
    Fare,
    /// Earliest in the day first.
    Leaves,
}

impl PartOfDay {
    /// Each of them, as the filter offers them.
    pub const ALL: [Self; 3] = [Self::Morning, Self::Afternoon, Self::Evening];

    /// Its name in an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Afternoon => "afternoon",
            Self::Evening => "evening",
        }
    }

    /// From and until when, in minutes after midnight.
    pub fn minutes(self) -> (u32, u32) {
        match self {
            Self::Morning => (0, 12 * 60),
            Self::Afternoon => (12 * 60, 18 * 60),
            Self::Evening => (18 * 60, 24 * 60),
        }
    }
}

impl Sort {
    /// Each of them, as the filter offers them.
    pub const ALL: [Self; 4] = [Self::Popular, Self::Punctual, Self::Fare, Self::Leaves];

    /// Its name in an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Popular => "popular",
            Self::Punctual => "punctual",
            Self::Fare => "fare",
            Self::Leaves => "leaves",
        }
    }

    /// Its name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Popular => "Most flown",
            Self::Punctual => "Most punctual",
            Self::Fare => "Cheapest",
            Self::Leaves => "Earliest departure",
        }
    }
}

impl Filter {
    /// Reads the pairs of an address. What cannot be understood is left out, as if it had not been asked for: an old
    /// or mistyped link then shows too much, which a visitor can repair, and not an error, which they cannot.
    pub fn from_pairs(pairs: &[(String, String)]) -> Self {
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        Self {
            from: value("from").and_then(code),
            to: value("to").and_then(code),
            airline: value("airline").and_then(code),
            part: value("part").and_then(|text| PartOfDay::ALL.into_iter().find(|part| part.name() == text)),
            max_fare: value("max_fare").and_then(|text| text.parse().ok()),
            sort: value("sort").and_then(|text| Sort::ALL.into_iter().find(|sort| sort.name() == text)).unwrap_or_default(),
            page: value("page").and_then(|text| text.parse().ok()).unwrap_or(1).clamp(1, LAST_PAGE),
        }
    }

    /// The address of another page of the same list.
    pub fn address(&self, page: u32) -> String {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        let codes = [("from", &self.from), ("to", &self.to), ("airline", &self.airline)];
        pairs.extend(codes.into_iter().filter_map(|(name, code)| Some((name, code.clone()?))));
        pairs.extend(self.part.map(|part| ("part", part.name().to_owned())));
        pairs.extend(self.max_fare.map(|fare| ("max_fare", fare.to_string())));
        if self.sort != Sort::default() {
            pairs.push(("sort", self.sort.name().to_owned()));
        }
        if page > 1 {
            pairs.push(("page", page.to_string()));
        }
        let query = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        if query.is_empty() { "/flights".to_owned() } else { format!("/flights?{query}") }
    }

    /// Whether a change of a fare can change which flights are on the page, and not only what they cost.
    pub fn depends_on_fares(&self) -> bool {
        self.max_fare.is_some() || self.sort == Sort::Fare
    }
}

/// A code of an airline or airport: two or three letters or digits. Anything else is nobody's code, and letting it
/// through would give every misspelling an entry of its own in the cache.
pub(crate) fn code(text: &str) -> Option<String> {
    let plausible = (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plausible.then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Filter {
        let pairs: Vec<_> = address.split('&').filter_map(|pair| pair.split_once('=')).collect();
        Filter::from_pairs(&pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn an_address_survives_the_way_through_a_filter() {
        let address = "from=JFK&to=LAX&airline=B6&part=evening&max_fare=300&sort=fare&page=2";
        assert_eq!(read(address).address(2), format!("/flights?{address}"));
        assert_eq!(read("").address(1), "/flights");
    }

    #[test]
    fn nonsense_is_left_out() {
        let filter = read("from=<script>&to=&airline=123456&part=noon&max_fare=-3&sort=random&page=0");
        assert_eq!(filter, read(""));
        assert_eq!(read("page=99999999").page, LAST_PAGE);
    }

    #[test]
    fn fares_matter_to_a_list_that_is_made_by_them() {
        assert!(read("sort=fare").depends_on_fares());
        assert!(read("max_fare=200").depends_on_fares());
        assert!(!read("sort=leaves&from=EWR").depends_on_fares());
    }
}
