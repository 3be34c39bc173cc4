//! HMAC-SHA-256 (RFC 2104), and the comparison of secrets.

use alloc::vec::Vec;

use statsig_edge::sha256;

/// HMAC-SHA-256 (RFC 2104) of these pieces, one behind the other.
pub(crate) fn hmac_sha256(key: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; 64];
    let digest;
    let short = match key.len() {
        0..=64 => key,
        _ => {
            digest = sha256(&[key]);
            &digest[..]
        }
    };
    for (place, byte) in block.iter_mut().zip(short) {
        *place = *byte;
    }
    let inner = block.map(|byte| byte ^ 0x36);
    let mut text = Vec::from(inner);
    for piece in pieces {
        text.extend_from_slice(piece);
    }
    sha256(&[&block.map(|byte| byte ^ 0x5c), &sha256(&[&text])])
}

/// Compares in a time that does not depend on where a difference is.
pub(crate) fn is_same(ours: &[u8], theirs: &[u8]) -> bool {
    let pairs = ours.iter().zip(theirs);
    let difference = pairs.fold(0, |all, (a, b)| core::hint::black_box(all | (a ^ b)));
    ours.len() == theirs.len() && core::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test cases 1 to 4, 6 and 7.
    #[test]
    fn macs_are_those_of_rfc_4231() {
        let counting: Vec<u8> = (1..=25).collect();
        let cases: [(&[u8], &[u8], &str); 6] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                &counting,
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[0xaa; 131],
                b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, data, expected) in cases {
            assert_eq!(hex(&hmac_sha256(key, &[data])), expected);
            let (a, b) = data.split_at(data.len() / 2);
            assert_eq!(hex(&hmac_sha256(key, &[a, b"", b])), expected);
        }
    }
}
