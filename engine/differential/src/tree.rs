//! JSON as it is written: number tokens, escapes, order and repeated keys stay what the generator made them.

use std::fmt::Write;

/// A JSON value with its spelling.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as its token.
    Number(String),
    /// A string.
    Text(String),
    /// A string of which every character is written as `\uXXXX`.
    Escaped(String),
    /// An array.
    List(Vec<Tree>),
    /// An object; keys may repeat.
    Map(Vec<(String, Tree)>),
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Tree::Text(text.into())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Tree::Text(text)
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Tree::Bool(value)
    }
}

impl From<u64> for Tree {
    fn from(value: u64) -> Self {
        Tree::Number(value.to_string())
    }
}

/// An object of fixed members.
pub fn map<const N: usize>(members: [(&str, Tree); N]) -> Tree {
    Tree::Map(
        members
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

impl Tree {
    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[(String, Tree)] {
        match self {
            Tree::Map(members) => members,
            _ => &[],
        }
    }

    /// The elements of an array; none for anything else.
    pub fn elements(&self) -> &[Tree] {
        match self {
            Tree::List(elements) => elements,
            _ => &[],
        }
    }

    /// The members of an object, to be changed.
    pub fn members_mut(&mut self) -> &mut [(String, Tree)] {
        match self {
            Tree::Map(members) => members,
            _ => &mut [],
        }
    }

    /// The elements of an array, to be changed.
    pub fn elements_mut(&mut self) -> &mut [Tree] {
        match self {
            Tree::List(elements) => elements,
            _ => &mut [],
        }
    }

    /// The last member of that name, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        self.members_mut()
            .iter_mut()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The last member of that name.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.members()
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The text of a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) | Tree::Escaped(text) => Some(text),
            _ => None,
        }
    }

    /// Adds a member to an object.
    pub fn push(&mut self, key: &str, value: Tree) {
        if let Tree::Map(members) = self {
            members.push((key.to_owned(), value));
        }
    }

    /// Takes every member of that name out of an object.
    pub fn remove(&mut self, key: &str) {
        if let Tree::Map(members) = self {
            members.retain(|(name, _)| name != key);
        }
    }

    /// Gives an object one member of that name.
    pub fn set(&mut self, key: &str, value: Tree) {
        self.remove(key);
        self.push(key, value);
    }

    /// The JSON text.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Tree::Null => out.push_str("null"),
            Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Tree::Number(token) => out.push_str(token),
            Tree::Text(text) => write_text(text, out),
            Tree::Escaped(text) => {
                out.push('"');
                for unit in text.encode_utf16() {
                    // A `String` takes everything.
                    let _ = write!(out, "\\u{unit:04x}");
                }
                out.push('"');
            }
            Tree::List(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
            Tree::Map(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                // A `String` takes everything.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
