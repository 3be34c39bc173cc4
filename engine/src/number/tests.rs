//! Numbers against `core`'s and Statsig's core's.

use std::string::{String, ToString};

use serde_json::Value;

use super::*;
use crate::testing::{Choices, operator_cases, text_of, vectors};

fn json_text(token: &str) -> String {
    let mut text = String::new();
    json_number_text(token, &mut text).unwrap();
    text
}

/// The integer form of a JSON number (§2.2): exact for a token within 64 bits, else by way of the double.
fn integer_form(token: &str) -> Option<i64> {
    parse_integer(token).or_else(|| float_to_integer(parse_float(token)?))
}

#[test]
fn texts_equal_the_cores() {
    let cases = vectors()["number_to_string"].as_array().unwrap();
    assert_eq!(cases.len(), 34);
    for case in cases {
        let token = text_of(case, "number_json");
        let value = parse_float(token).unwrap();
        assert_eq!(
            number_text(value, &mut NumberText::new()),
            text_of(case, "core_user_value"),
            "user text of {token}"
        );
        assert_eq!(
            json_text(token),
            text_of(case, "core_target_array_element"),
            "target text of {token}"
        );
        let integer = integer_form(token).map(|integer| integer.to_string());
        assert_eq!(
            integer.as_deref(),
            case["core_int"].as_str(),
            "integer of {token}"
        );
    }
}

#[test]
fn comparisons_equal_the_cores() {
    let float = |value: &Value| match value {
        Value::String(text) => parse_float(text),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    let mut compared = 0;
    for case in operator_cases("number") {
        let holds = float(&case.user)
            .zip(float(&case.target))
            .is_some_and(|(user, target)| match case.operator.as_str() {
                "gt" => user > target,
                "gte" => user >= target,
                "lt" => user < target,
                "lte" => user <= target,
                other => panic!("an operator of another group: {other}"),
            });
        assert_eq!(
            holds, case.core,
            "{} {} {}",
            case.user, case.operator, case.target
        );
        compared += 1;
    }
    assert!(compared > 80, "only {compared} cases");
}

#[test]
fn every_double_fits_its_text() {
    let mut longest = 0;
    let mut check = |value: f64| {
        let mut buffer = NumberText::new();
        let text = number_text(value, &mut buffer);
        assert_eq!(text, std::format!("{value}"));
        if value.is_finite() {
            let read: f64 = text.parse().unwrap();
            assert_eq!(
                read.to_bits(),
                value.to_bits(),
                "{value:e} does not read back"
            );
        }
        longest = longest.max(text.len());
    };
    for value in [
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        check(value);
    }
    for value in [5e-324, 1.0 / 3.0, 0.0] {
        check(value);
        check(-value);
    }
    // The bottom of the range, where texts are longest, and the neighbourhood of each power of two.
    for bits in 0..20_000 {
        check(-f64::from_bits(bits));
    }
    for exponent in 0..2047_u64 {
        for fraction in [0, 1, 2, (1 << 52) - 2, (1 << 52) - 1] {
            check(-f64::from_bits(exponent << 52 | fraction));
        }
    }
    let mut choices = Choices::new(1);
    for _ in 0..20_000 {
        check(f64::from_bits(choices.word()));
        check(-f64::from_bits(choices.word() >> 11));
    }
    assert_eq!(longest, NUMBER_TEXT_BYTES, "the bound is not the least one");
}

/// `core`'s own printing and parsing is what must come out, for numbers of every kind and length.
fn assert_like_core(value: f64) {
    let text = std::format!("{value}");
    let mut buffer = NumberText::new();
    let plain = number_text(value, &mut buffer);
    assert_eq!(plain, text, "{:#x}", value.to_bits());
    let mut pointed = String::new();
    write_float(value, &mut pointed).unwrap();
    assert_eq!(pointed, std::format!("{value:?}"));
    for text in [text, pointed, std::format!("{value:e}")] {
        assert_parses_like_core(&text);
    }
}

fn assert_parses_like_core(text: &str) {
    let expected = text.parse::<f64>().ok().map(f64::to_bits);
    assert_eq!(parse_float(text).map(f64::to_bits), expected, "{text:?}");
    assert_eq!(parse_integer(text), text.parse().ok(), "{text:?}");
}

#[test]
fn random_numbers_equal_the_cores() {
    let mut choices = Choices::new(6);
    for _ in 0..50_000 {
        let word = choices.word();
        let value = match choices.below(5) {
            0 => f64::from_bits(word),
            // A short decimal, an integer, a number of few bits.
            1 => (word >> choices.below(64)) as f64 / 10_f64.powi(choices.below(25) as i32),
            2 => (word as i64 >> choices.below(64)) as f64,
            3 => f64::from_bits(word & !0 << choices.below(64)),
            _ => f64::from_bits(word >> 12 >> choices.below(52)),
        };
        assert_like_core(value);
    }
}

#[test]
fn random_decimals_equal_the_cores() {
    const PIECES: [&str; 12] = [
        "0", "1", "2", "5", "9", "00", "99", "123", ".", "e", "-", "+",
    ];
    let mut choices = Choices::new(7);
    for _ in 0..100_000 {
        let length = choices.below(9);
        let soup: String = (0..length).map(|_| choices.pick(&PIECES)).collect();
        assert_parses_like_core(&soup);
        let mut digits = String::from(if choices.below(2) == 0 { "" } else { "-" });
        for _ in 0..choices.below(30) {
            digits.push_str(&choices.word().to_string()[..1 + choices.below(15)]);
            if choices.below(8) == 0 && !digits.contains('.') {
                digits.push('.');
            }
        }
        let exponent = choices.below(800) as i32 - 400;
        assert_parses_like_core(&std::format!("{digits}e{exponent}"));
    }
}

/// The digits of decimals with the same number of places, the last one first; where their points are does not matter.
fn digits_of(text: &str) -> std::vec::Vec<i8> {
    let digits = text.bytes().filter(|byte| *byte != b'.');
    digits.rev().map(|byte| (byte - b'0') as i8).collect()
}

/// `a` + `factor` × `b`, as decimals with the same number of places.
fn sum(a: &str, factor: i8, b: &str) -> String {
    let places = a.len() - a.find('.').unwrap() - 1;
    assert_eq!(places, b.len() - b.find('.').unwrap() - 1);
    let (a, b) = (digits_of(a), digits_of(b));
    let mut carry = 0;
    let mut digits = std::vec::Vec::new();
    for at in 0..a.len().max(b.len()) + 1 {
        let digit = |of: &[i8]| of.get(at).copied().unwrap_or(0);
        let total = digit(&a) + factor * digit(&b) + carry;
        digits.push(total.rem_euclid(10) as u8 + b'0');
        carry = total.div_euclid(10);
    }
    digits.insert(places, b'.');
    digits.reverse();
    String::from_utf8(digits).unwrap()
}

/// The exact middle between two doubles, and a hair to either side of it, is where rounding is hardest.
#[test]
fn middles_between_doubles_equal_the_cores() {
    const INFINITE: u64 = 0x7FF << 52;
    let mut choices = Choices::new(8);
    let mut bits: std::vec::Vec<u64> = (0..40).chain((1 << 52) - 20..(1 << 52) + 20).collect();
    bits.extend((INFINITE - 20..INFINITE).chain([1 << 62]));
    let any = (0..200).map(|_| choices.word() >> 1);
    bits.extend(any.filter(|bits| *bits < INFINITE));
    for bits in bits {
        // 2⁻¹⁰⁷⁴ and so every double has at most 1,074 places.
        let exact = |bits: u64| std::format!("{:.1074}", f64::from_bits(bits));
        let lower = exact(bits);
        let upper = match bits + 1 {
            // What would follow the last double, were there larger ones.
            INFINITE => sum(&sum(&lower, 1, &lower), -1, &exact(bits - 1)),
            next => exact(next),
        };
        let twice = sum(&lower, 1, &upper);
        let middle = sum(&twice, 4, &twice);
        let hair = std::format!("0.{}1", "0".repeat(1074));
        let below = sum(&std::format!("{middle}0"), -1, &hair);
        let far = "0".repeat(800);
        for text in [
            std::format!("{middle}e-1"),
            std::format!("{middle}1e-1"),
            std::format!("{middle}{far}1e-1"),
            std::format!("{below}e-1"),
        ] {
            assert_parses_like_core(&text);
        }
    }
}

#[test]
fn target_texts_equal_the_json_librarys() {
    let check = |value: f64| {
        let expected = serde_json::Number::from_f64(value).unwrap().to_string();
        // A spelling that is never an integer token.
        assert_eq!(json_text(&std::format!("{value:e}")), expected);
    };
    for exponent in -330..=307 {
        for digits in ["1", "-1", "9.999999999999999", "-1.2345678901234567"] {
            check(std::format!("{digits}e{exponent}").parse().unwrap());
        }
    }
    let mut choices = Choices::new(2);
    for _ in 0..50_000 {
        let any = f64::from_bits(choices.word());
        if any.is_finite() {
            check(any);
        }
        // Around the two limits and among the whole numbers.
        check(choices.word() as i32 as f64 * 1e-13);
        check((choices.word() % (1 << 54)) as f64);
        check((choices.word() as i32 >> choices.below(31)) as f64 / 8.0);
        // Where many doubles are halfway between two decimals.
        let places = choices.below(30) as i32;
        check((choices.word() >> (11 + choices.below(53))) as f64 * 0.5_f64.powi(places));
        check((choices.word() >> 14) as f64 / 4.0);
    }
}

#[test]
fn integer_tokens_keep_their_digits() {
    for token in [
        "7",
        "-7",
        "0",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
    ] {
        let value: Value = serde_json::from_str(token).unwrap();
        assert_eq!(json_text(token), value.to_string());
    }
    for token in ["1e999", "-1e999"] {
        assert!(
            json_number_text(token, &mut String::new()).is_err(),
            "{token}"
        );
    }
}

#[test]
fn the_float_grammar() {
    for (text, value) in [
        ("5.", 5.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("+5", 5.0),
        ("-0", -0.0),
        ("INF", f64::INFINITY),
        ("-infinity", f64::NEG_INFINITY),
        ("+Inf", f64::INFINITY),
        ("1E-400", 0.0),
    ] {
        assert_eq!(parse_float(text), Some(value), "{text}");
    }
    assert!(parse_float("nAn").is_some_and(f64::is_nan));
    for text in [
        "", " 5", "5 ", "0x10", "1_000", "+", ".", "e5", "1e", "--1", "infinit", "1,5", "٣",
    ] {
        assert_eq!(parse_float(text), None, "{text:?}");
    }
}

#[test]
fn whole_numbers_are_exact_however_they_are_spelt() {
    for (token, value) in [
        ("0", Some(0)),
        ("0.000e99999999999999999999", Some(0)),
        ("80.0", Some(80)),
        ("8e1", Some(80)),
        ("8000E-2", Some(80)),
        ("0.08e+3", Some(80)),
        ("9007199254740993", Some(9_007_199_254_740_993)),
        ("1844674407370955161.5e1", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("1e19", Some(10_000_000_000_000_000_000)),
        ("1e20", None),
        ("1e99999999999999999999", None),
        ("1e-99999999999999999999", None),
        ("1.5", None),
        ("8001e-2", None),
    ] {
        assert_eq!(whole_magnitude(token), value, "{token}");
    }
    let mut choices = Choices::new(3);
    for _ in 0..20_000 {
        let value = choices.word() >> choices.below(64);
        assert_eq!(whole_magnitude(&value.to_string()), Some(value));
        let whole = (value >> 11) as f64;
        assert_eq!(
            whole_magnitude(&std::format!("{whole:e}")),
            Some(value >> 11)
        );
    }
}

#[test]
fn integers_are_whole_texts_within_64_bits() {
    for (text, value) in [
        ("+5", 5),
        ("-0", 0),
        ("007", 7),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        assert_eq!(parse_integer(text), Some(value), "{text}");
    }
    for text in ["", "+", "-", " 1", "1.0", "1e3", "9223372036854775808", "٣"] {
        assert_eq!(parse_integer(text), None, "{text:?}");
    }
    for (value, integer) in [
        (-0.0, Some(0)),
        (1e12, Some(1_000_000_000_000)),
        (9_223_372_036_854_775_808.0, Some(i64::MAX)),
        (-9_223_372_036_854_775_808.0, Some(i64::MIN)),
        (-9_223_372_036_854_777_856.0, None),
        (1.5, None),
        (1e300, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
    ] {
        assert_eq!(float_to_integer(value), integer, "{value}");
    }
}
