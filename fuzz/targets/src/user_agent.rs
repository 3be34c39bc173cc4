//! `user_agent`: any text. Every field has an answer, and no answer is longer than the text.

use statsig_edge::user_agent::{MAX_LENGTH, UserAgentField, UserAgentText, field};

/// The longest name that is not a part of the text, and the version of nothing.
const CONSTANTS: usize = 40;

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut buffer = UserAgentText::new();
    for name in ["os_name", "osVersion", "BROWSERNAME", "browser_version"] {
        let Some(asked) = UserAgentField::from_name(name) else {
            panic!("{name}");
        };
        let found = field(&text, asked, &mut buffer).map(str::to_owned);
        match &found {
            None => assert!(text.len() > MAX_LENGTH),
            Some(found) => {
                assert!(text.len() <= MAX_LENGTH);
                assert!(found.len() <= text.len().max(CONSTANTS), "{found:?}");
            }
        }
        // What the buffer held before changes nothing.
        let mut full = UserAgentText::new();
        while full.push('9').is_ok() {}
        assert_eq!(field(&text, asked, &mut full), found.as_deref());
    }
}
