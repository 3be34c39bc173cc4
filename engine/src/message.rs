//! Sentences with numbers in them, without the formatting machinery, which weighs kilobytes in a small module.

use core::fmt::{self, Write};

/// A piece of a sentence.
pub(crate) enum Piece<'p> {
    Text(&'p str),
    Number(u64),
}

/// Writes the pieces, one behind the other.
pub(crate) fn write_pieces(out: &mut dyn Write, pieces: &[Piece<'_>]) -> fmt::Result {
    pieces.iter().try_for_each(|piece| match *piece {
        Piece::Text(text) => out.write_str(text),
        Piece::Number(number) => write_number(out, number),
    })
}

pub(crate) fn write_number(out: &mut dyn Write, mut number: u64) -> fmt::Result {
    // As many as a 64-bit number can have.
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    for (at, slot) in digits.iter_mut().enumerate().rev() {
        // A remainder of ten fits.
        *slot |= (number % 10) as u8;
        number /= 10;
        start = at;
        if number == 0 {
            break;
        }
    }
    let text = digits.get(start..).unwrap_or_default();
    out.write_str(core::str::from_utf8(text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for number in [0, 1, 9, 10, 99, 100, 1_234_567_890, u64::MAX] {
            let mut out = String::new();
            write_pieces(&mut out, &[Piece::Text("n"), Piece::Number(number)]).unwrap();
            assert_eq!(out.strip_prefix('n'), Some(&*number.to_string()));
        }
    }
}
