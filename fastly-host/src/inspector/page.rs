//! The page: markup, style and script in one text, and the policy that lets a browser run nothing else.
//!
//! The three are files of their own, `page.html`, `page.css` and `page.js`, put together when the crate is compiled.

use alloc::string::String;

use statsig_edge::sha256;

use super::response as plain_response;
use crate::bare::BareResponse;
use crate::signed;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
pub(super) const PAGE: &str = concat!(
    include_str!("page.html"),
    "<style>",
    include_str!("page.css"),
    "</style>\n<script>",
    include_str!("page.js"),
    "</script>\n"
);

/// The page. Cost: two hashes of some kilobytes, so that the policy is always that of this page.
pub(super) fn response() -> BareResponse {
    let mut policy = String::from("default-src 'none'; script-src ");
    source(SCRIPT, &mut policy);
    policy.push_str("; style-src ");
    source(STYLE, &mut policy);
    policy.push_str(
        "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    let mut page = plain_response(200, "text/html; charset=utf-8", PAGE.into());
    page.headers
        .push(("content-security-policy".into(), policy.into()));
    page
}

/// Writes `'sha256-…'`, by which a policy allows a text.
fn source(text: &str, out: &mut String) {
    let mut hash = String::new();
    signed::encode(&sha256(&[text.as_bytes()]), &mut hash);
    out.push_str("'sha256-");
    // The usual digits of base64, in place of those for addresses.
    out.extend(hash.chars().map(|digit| match digit {
        '-' => '+',
        '_' => '/',
        other => other,
    }));
    out.push_str("='");
}
