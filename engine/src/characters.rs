//! Characters taken from texts and written as text, in one place: `core` puts all of it wherever a character is asked for.

use core::str::Chars;

/// The next character.
#[inline(never)]
pub(crate) fn next(characters: &mut Chars<'_>) -> Option<char> {
    characters.next()
}

/// The last character.
#[inline(never)]
pub(crate) fn last(characters: &mut Chars<'_>) -> Option<char> {
    characters.next_back()
}

/// The character as text, in the room given.
#[inline(never)]
pub(crate) fn encoded(character: char, room: &mut [u8; 4]) -> &str {
    character.encode_utf8(room)
}
