//! `fastly_geo`: where an address is.

use super::*;

pub(crate) fn lookup(octets: &[u8], out: &mut Vec<u8>) -> Filled {
    fill("fastly_geo.lookup", out, |state| {
        let address = match octets.len() {
            4 => octets
                .first_chunk::<4>()
                .map(|&octets| IpAddr::from(octets)),
            _ => octets
                .first_chunk::<16>()
                .map(|&octets| IpAddr::from(octets)),
        };
        let address = address.ok_or(Status::InvalidArgument)?;
        Ok(state
            .host
            .geo
            .get(&address)
            .cloned()
            .unwrap_or_default()
            .into_bytes())
    })
}
