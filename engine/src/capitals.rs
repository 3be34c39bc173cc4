//! The lower case of a single character: a run of ranges of capitals, each with the way from a capital to its letter.
//!
//! Six bytes a range, where `core` has eight a character; found by binary search. Unicode 17, that of the standard library of Rust
//! 1.95; the tests of [`lowercase`](crate::lowercase) compare every character with it.

/// The character's lower case, but for `İ`, which has two characters.
pub(crate) fn to_lower(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let code = u32::from(character);
    let ranges = match code {
        0..0x1_0000 => &RANGES[..],
        0x1_0000..0x2_0000 => &RANGES_BEYOND[..],
        _ => return character,
    };
    let low = code as u16;
    let after = ranges.partition_point(|&[start, ..]| start <= low);
    let range = after.checked_sub(1).and_then(|index| ranges.get(index));
    let Some(&[start, run, way]) = range else {
        return character;
    };
    let offset = low.wrapping_sub(start);
    if offset > run >> 1 || offset & run & 1 == 1 {
        return character;
    }
    char::from_u32(code & !0xFFFF | u32::from(low.wrapping_add(way))).unwrap_or(character)
}

/// Each range: its first code point; twice the way to its last one, and one more where only every second is a capital; what to
/// add to a capital, modulo 2¹⁶.
#[rustfmt::skip]
static RANGES: [[u16; 3]; 172] = [
    [0xc0, 44, 32], [0xd8, 12, 32], [0x100, 93, 1], [0x132, 9, 1], [0x139, 29, 1], [0x14a, 89, 1],
    [0x178, 0, 65415], [0x179, 9, 1], [0x181, 0, 210], [0x182, 5, 1], [0x186, 0, 206],
    [0x187, 0, 1], [0x189, 2, 205], [0x18b, 0, 1], [0x18e, 0, 79], [0x18f, 0, 202],
    [0x190, 0, 203], [0x191, 0, 1], [0x193, 0, 205], [0x194, 0, 207], [0x196, 0, 211],
    [0x197, 0, 209], [0x198, 0, 1], [0x19c, 0, 211], [0x19d, 0, 213], [0x19f, 0, 214],
    [0x1a0, 9, 1], [0x1a6, 0, 218], [0x1a7, 0, 1], [0x1a9, 0, 218], [0x1ac, 0, 1], [0x1ae, 0, 218],
    [0x1af, 0, 1], [0x1b1, 2, 217], [0x1b3, 5, 1], [0x1b7, 0, 219], [0x1b8, 0, 1], [0x1bc, 0, 1],
    [0x1c4, 0, 2], [0x1c5, 0, 1], [0x1c7, 0, 2], [0x1c8, 0, 1], [0x1ca, 0, 2], [0x1cb, 33, 1],
    [0x1de, 33, 1], [0x1f1, 0, 2], [0x1f2, 5, 1], [0x1f6, 0, 65439], [0x1f7, 0, 65480],
    [0x1f8, 77, 1], [0x220, 0, 65406], [0x222, 33, 1], [0x23a, 0, 10795], [0x23b, 0, 1],
    [0x23d, 0, 65373], [0x23e, 0, 10792], [0x241, 0, 1], [0x243, 0, 65341], [0x244, 0, 69],
    [0x245, 0, 71], [0x246, 17, 1], [0x370, 5, 1], [0x376, 0, 1], [0x37f, 0, 116], [0x386, 0, 38],
    [0x388, 4, 37], [0x38c, 0, 64], [0x38e, 2, 63], [0x391, 32, 32], [0x3a3, 16, 32],
    [0x3cf, 0, 8], [0x3d8, 45, 1], [0x3f4, 0, 65476], [0x3f7, 0, 1], [0x3f9, 0, 65529],
    [0x3fa, 0, 1], [0x3fd, 4, 65406], [0x400, 30, 80], [0x410, 62, 32], [0x460, 65, 1],
    [0x48a, 105, 1], [0x4c0, 0, 15], [0x4c1, 25, 1], [0x4d0, 189, 1], [0x531, 74, 48],
    [0x10a0, 74, 7264], [0x10c7, 0, 7264], [0x10cd, 0, 7264], [0x13a0, 158, 38864],
    [0x13f0, 10, 8], [0x1c89, 0, 1], [0x1c90, 84, 62528], [0x1cbd, 4, 62528], [0x1e00, 297, 1],
    [0x1e9e, 0, 57921], [0x1ea0, 189, 1], [0x1f08, 14, 65528], [0x1f18, 10, 65528],
    [0x1f28, 14, 65528], [0x1f38, 14, 65528], [0x1f48, 10, 65528], [0x1f59, 13, 65528],
    [0x1f68, 14, 65528], [0x1f88, 14, 65528], [0x1f98, 14, 65528], [0x1fa8, 14, 65528],
    [0x1fb8, 2, 65528], [0x1fba, 2, 65462], [0x1fbc, 0, 65527], [0x1fc8, 6, 65450],
    [0x1fcc, 0, 65527], [0x1fd8, 2, 65528], [0x1fda, 2, 65436], [0x1fe8, 2, 65528],
    [0x1fea, 2, 65424], [0x1fec, 0, 65529], [0x1ff8, 2, 65408], [0x1ffa, 2, 65410],
    [0x1ffc, 0, 65527], [0x2126, 0, 58019], [0x212a, 0, 57153], [0x212b, 0, 57274],
    [0x2132, 0, 28], [0x2160, 30, 16], [0x2183, 0, 1], [0x24b6, 50, 26], [0x2c00, 94, 48],
    [0x2c60, 0, 1], [0x2c62, 0, 54793], [0x2c63, 0, 61722], [0x2c64, 0, 54809], [0x2c67, 9, 1],
    [0x2c6d, 0, 54756], [0x2c6e, 0, 54787], [0x2c6f, 0, 54753], [0x2c70, 0, 54754], [0x2c72, 0, 1],
    [0x2c75, 0, 1], [0x2c7e, 2, 54721], [0x2c80, 197, 1], [0x2ceb, 5, 1], [0x2cf2, 0, 1],
    [0xa640, 89, 1], [0xa680, 53, 1], [0xa722, 25, 1], [0xa732, 121, 1], [0xa779, 5, 1],
    [0xa77d, 0, 30204], [0xa77e, 17, 1], [0xa78b, 0, 1], [0xa78d, 0, 23256], [0xa790, 5, 1],
    [0xa796, 37, 1], [0xa7aa, 0, 23228], [0xa7ab, 0, 23217], [0xa7ac, 0, 23221],
    [0xa7ad, 0, 23231], [0xa7ae, 0, 23228], [0xa7b0, 0, 23278], [0xa7b1, 0, 23254],
    [0xa7b2, 0, 23275], [0xa7b3, 0, 928], [0xa7b4, 29, 1], [0xa7c4, 0, 65488], [0xa7c5, 0, 23229],
    [0xa7c6, 0, 30152], [0xa7c7, 5, 1], [0xa7cb, 0, 23193], [0xa7cc, 29, 1], [0xa7dc, 0, 22975],
    [0xa7f5, 0, 1], [0xff21, 50, 32],
];

/// The same in the second plane, less 0x10000.
#[rustfmt::skip]
static RANGES_BEYOND: [[u16; 3]; 12] = [
    [0x400, 78, 40], [0x4b0, 70, 40], [0x570, 20, 39], [0x57c, 28, 39], [0x58c, 12, 39],
    [0x594, 2, 39], [0xc80, 100, 64], [0xd50, 42, 32], [0x18a0, 62, 32], [0x6e40, 62, 32],
    [0x6ea0, 48, 27], [0xe900, 66, 34],
];
