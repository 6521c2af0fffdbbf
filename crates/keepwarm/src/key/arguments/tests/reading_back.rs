//! Random values go into their form and are read back by a reader that knows only the grammar. A form that is read back
//! as the value it came from cannot be the form of another value.

use proptest::prelude::*;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeTupleStruct, Serializer};

use super::super::KeyForm;
use super::key;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Tree {
    Integer(i128),
    Boolean(bool),
    Float(u64),
    Text(String),
    Character(char),
    Bytes(Vec<u8>),
    Absent,
    Present(Box<Tree>),
    Unit,
    List(Vec<Tree>),
    Map(Vec<(Tree, Tree)>),
    /// serde's names are static, so a few stand for all.
    Row(&'static str, Vec<Tree>),
}

const NAMES: [&str; 4] = ["Id", "none", "n2:Id(", "two words"];

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(value) => serializer.serialize_i128(*value),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Float(bits) => serializer.serialize_f64(f64::from_bits(*bits)),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Character(character) => serializer.serialize_char(*character),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Absent => serializer.serialize_none(),
            Self::Present(value) => serializer.serialize_some(value.as_ref()),
            Self::Unit => serializer.serialize_unit(),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Row(name, items) => {
                let mut row = serializer.serialize_tuple_struct(name, items.len())?;
                items.iter().try_for_each(|item| row.serialize_field(item))?;
                row.end()
            }
        }
    }
}

/// Reads forms; panics on what the grammar does not know, and looks no further ahead than a few characters.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn takes(&mut self, expected: &str) -> bool {
        self.0.strip_prefix(expected).map(|rest| self.0 = rest).is_some()
    }

    fn expect(&mut self, expected: &str) {
        assert!(self.takes(expected), "expected {expected:?} at {:?}", self.0);
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> &'a str {
        let end = self.0.find(|next: char| !next.is_ascii_digit() && next != '-').unwrap_or(self.0.len());
        self.take(end)
    }

    fn prefixed(&mut self) -> &'a str {
        let length = self.number().parse().unwrap();
        self.expect(":");
        self.take(length)
    }

    fn text(&mut self) -> String {
        let mut bytes = Vec::new();
        let mut escaped = self.prefixed().bytes();
        while let Some(byte) = escaped.next() {
            bytes.push(match byte {
                b'%' => {
                    let digits = [escaped.next().unwrap(), escaped.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        String::from_utf8(bytes).unwrap()
    }

    fn items(&mut self, close: &str) -> Vec<Tree> {
        let mut items = Vec::new();
        while !self.takes(close) {
            if !items.is_empty() {
                self.expect(",");
            }
            items.push(self.tree());
        }
        items
    }

    fn tree(&mut self) -> Tree {
        if self.0.starts_with(|next: char| next.is_ascii_digit() || next == '-') {
            return Tree::Integer(self.number().parse().unwrap());
        }
        for (word, tree) in
            [("true", Tree::Boolean(true)), ("false", Tree::Boolean(false)), ("none", Tree::Absent), ("()", Tree::Unit)]
        {
            if self.takes(word) {
                return tree;
            }
        }
        if self.takes("some(") {
            let tree = self.tree();
            self.expect(")");
            return Tree::Present(Box::new(tree));
        }
        if self.takes("f64:") {
            return Tree::Float(u64::from_str_radix(self.take(16), 16).unwrap());
        }
        match self.take(1) {
            "s" => Tree::Text(self.text()),
            "c" => Tree::Character(self.text().parse().unwrap()),
            "b" => {
                let digits = self.prefixed();
                let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
                Tree::Bytes((0..digits.len()).step_by(2).map(byte).collect())
            }
            "[" => Tree::List(self.items("]")),
            "{" => {
                let mut entries = Vec::new();
                while !self.takes("}") {
                    if !entries.is_empty() {
                        self.expect(",");
                    }
                    let key = self.tree();
                    self.expect("=");
                    entries.push((key, self.tree()));
                }
                Tree::Map(entries)
            }
            "n" => {
                let name = self.text();
                self.expect("(");
                Tree::Row(NAMES.into_iter().find(|known| **known == name).unwrap(), self.items(")"))
            }
            other => panic!("no form begins with {other:?}"),
        }
    }
}

/// Maps have no order; everything else is as it was.
fn sorted(tree: Tree) -> Tree {
    match tree {
        Tree::Present(value) => Tree::Present(Box::new(sorted(*value))),
        Tree::List(items) => Tree::List(items.into_iter().map(sorted).collect()),
        Tree::Row(name, items) => Tree::Row(name, items.into_iter().map(sorted).collect()),
        Tree::Map(entries) => {
            let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (sorted(key), sorted(value))).collect();
            entries.sort();
            Tree::Map(entries)
        }
        leaf => leaf,
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    // Texts made of the grammar's own signs are the ones that could break out of it.
    let text = prop_oneof![any::<String>(), "[a-c0-3:,=(){}\\[\\]%sn]{0,12}"];
    let leaf = prop_oneof![
        any::<i128>().prop_map(Tree::Integer),
        (-2_i128..2).prop_map(Tree::Integer),
        any::<bool>().prop_map(Tree::Boolean),
        any::<u64>().prop_map(Tree::Float),
        text.prop_map(Tree::Text),
        any::<char>().prop_map(Tree::Character),
        any::<Vec<u8>>().prop_map(Tree::Bytes),
        Just(Tree::Absent),
        Just(Tree::Unit),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Present(Box::new(tree))),
            items.clone().prop_map(Tree::List),
            prop::collection::vec((inner.clone(), inner), 0..4).prop_map(Tree::Map),
            // A row of one item that is a row is what a newtype looks like; an empty row is not made by serde's derive.
            (prop::sample::select(&NAMES[..]), prop::collection::vec(items.prop_map(Tree::List), 1..4))
                .prop_map(|(name, items)| Tree::Row(name, items)),
        ]
    })
}

proptest! {
    // covers: R148 R149
    #[test]
    fn a_form_is_read_back_as_the_value_it_came_from(tree in trees()) {
        let mut form = KeyForm::with_capacity(0);
        form.value(&tree).unwrap();
        let text = form.into_text();

        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{}", text);
        let mut reader = Reader(&text);
        let read = reader.tree();
        prop_assert_eq!(reader.0, "", "the form goes on after its end");
        prop_assert_eq!(sorted(read), sorted(tree));
    }

    // covers: R148
    #[test]
    fn keys_are_equal_only_where_values_are(first in trees(), second in trees()) {
        let [first_key, second_key] = [key(&first), key(&second)];
        prop_assert_eq!(first_key == second_key, sorted(first) == sorted(second));
        for key in [first_key, second_key] {
            prop_assert!(key.len() <= 165 && key.bytes().all(|byte| byte.is_ascii_graphic()), "{}", key);
        }
    }

    // covers: R112
    #[test]
    fn hashed_keys_are_equal_only_where_parts_are(
        first in prop::collection::vec("[0-3:,a]{0,3}", 0..4),
        second in prop::collection::vec("[0-3:,a]{0,3}", 0..4),
    ) {
        let same = super::make_hashed_key(&first) == super::make_hashed_key(&second);
        prop_assert_eq!(same, first == second);
    }
}
