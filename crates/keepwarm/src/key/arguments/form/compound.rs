//! Values with parts: lists and tuples in their order, maps and structs sorted.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{NoForm, push_prefixed, write_value};

/// Items between brackets; held back and sorted only where they have no order of their own.
pub(super) struct Items<'a> {
    out: &'a mut String,
    close: char,
    first: bool,
    held_back: Option<Vec<String>>,
}

impl<'a> Items<'a> {
    pub(super) fn open(out: &'a mut String, [open, close]: [char; 2], sorted: bool) -> Self {
        out.push(open);
        Self { out, close, first: true, held_back: sorted.then(Vec::new) }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
        if let Some(items) = &mut self.held_back {
            let mut item = String::new();
            write_value(&mut item, value)?;
            items.push(item);
            return Ok(());
        }
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        write_value(self.out, value)
    }

    fn close(self) -> Result<(), NoForm> {
        if let Some(mut items) = self.held_back {
            items.sort_unstable();
            self.out.push_str(&items.join(","));
        }
        self.out.push(self.close);
        Ok(())
    }
}

/// Implements serde's four traits for things that are items in a row.
macro_rules! rows {
    ($($row:ident :: $method:ident),*) => {
        $(impl $row for Items<'_> {
            type Ok = ();
            type Error = NoForm;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
                self.item(value)
            }

            fn end(self) -> Result<(), NoForm> {
                self.close()
            }
        })*
    };
}

rows!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// Entries of a map or fields of a struct, written at the end, sorted: a hash map has no order, and moving a field in the
/// source must not lose the entries.
pub(super) struct Entries<'a> {
    out: &'a mut String,
    entries: Vec<(String, String)>,
    key: String,
}

impl<'a> Entries<'a> {
    pub(super) fn open(out: &'a mut String) -> Self {
        Self { out, entries: Vec::new(), key: String::new() }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), NoForm> {
        push_prefixed(&mut self.key, 's', name);
        self.serialize_value(value)
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = NoForm;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoForm> {
        write_value(&mut self.key, key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
        let mut form = String::new();
        write_value(&mut form, value)?;
        self.entries.push((std::mem::take(&mut self.key), form));
        Ok(())
    }

    fn end(mut self) -> Result<(), NoForm> {
        self.entries.sort_unstable();
        self.out.push('{');
        for (position, (key, value)) in self.entries.iter().enumerate() {
            if position > 0 {
                self.out.push(',');
            }
            self.out.push_str(key);
            self.out.push('=');
            self.out.push_str(value);
        }
        self.out.push('}');
        Ok(())
    }
}

/// Implements serde's two traits for things with named fields.
macro_rules! fields {
    ($($fields:ident),*) => {
        $(impl $fields for Entries<'_> {
            type Ok = ();
            type Error = NoForm;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), NoForm> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), NoForm> {
                SerializeMap::end(self)
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);
