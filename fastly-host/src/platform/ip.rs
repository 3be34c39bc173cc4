//! IP addresses as canonical text, as `core`'s `Display` gives it (RFC 5952), without `core::fmt`.

use super::decimal::Decimal;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest text: eight groups of four digits.
const LONGEST: usize = 39;

/// The text of an address, all ASCII, kept on the stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IpText {
    bytes: [u8; LONGEST],
    length: usize,
}

impl IpText {
    /// Writes out an address.
    pub(crate) fn new(address: IpAddr) -> Self {
        let mut text = Self {
            bytes: [0; LONGEST],
            length: 0,
        };
        match address {
            IpAddr::V4(address) => text.push_v4(address),
            IpAddr::V6(address) => text.push_v6(address),
        }
        text
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        self.bytes
            .get(..self.length)
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length = self.length.saturating_add(1);
        }
    }

    fn push_v4(&mut self, address: Ipv4Addr) {
        for (at, octet) in address.octets().into_iter().enumerate() {
            if at > 0 {
                self.push(b'.');
            }
            for &digit in Decimal::new(octet.into()).as_bytes() {
                self.push(digit);
            }
        }
    }

    fn push_v6(&mut self, address: Ipv6Addr) {
        if let Some(mapped) = address.to_ipv4_mapped() {
            for &byte in b"::ffff:" {
                self.push(byte);
            }
            return self.push_v4(mapped);
        }
        let groups = address.segments();
        let (zeros, count) = longest_zeros(&groups);
        let after = zeros.saturating_add(count);
        for (at, &group) in groups.iter().enumerate() {
            if count > 1 && at >= zeros && at < after {
                if at == zeros {
                    self.push(b':');
                    self.push(b':');
                }
                continue;
            }
            if at > 0 && !(count > 1 && at == after) {
                self.push(b':');
            }
            self.push_group(group);
        }
    }

    /// A group in hexadecimal, without leading zeros.
    fn push_group(&mut self, group: u16) {
        let mut started = false;
        for shift in [12, 8, 4, 0] {
            let digit = (group >> shift) as u8 & 0xf;
            started |= digit != 0 || shift == 0;
            if started {
                self.push(digit.wrapping_add(if digit < 10 { b'0' } else { b'a' - 10 }));
            }
        }
    }
}

/// The first longest run of zero groups: start and length.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut run) = ((0_usize, 0_usize), (0_usize, 0_usize));
    for (at, &group) in groups.iter().enumerate() {
        if group != 0 {
            run = (0, 0);
            continue;
        }
        run = if run.1 == 0 {
            (at, 1)
        } else {
            (run.0, run.1.saturating_add(1))
        };
        if run.1 > best.1 {
            best = run;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn agrees_with_the_standard_library() {
        // Every pattern of zero and non-zero groups, with groups of every number of digits.
        for pattern in 0_u16..256 {
            for value in [0x1, 0x20, 0xabc, 0xffff] {
                let groups: [u16; 8] =
                    core::array::from_fn(|at| if pattern >> at & 1 == 1 { value } else { 0 });
                let address = IpAddr::V6(groups.into());
                assert_eq!(IpText::new(address).as_str(), address.to_string());
            }
        }
        for text in [
            "0.0.0.0",
            "127.0.0.1",
            "255.255.255.255",
            "10.200.3.99",
            "::ffff:1.2.3.4",
            "::1.2.3.4",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(IpText::new(address).as_str(), address.to_string());
        }
    }
}
