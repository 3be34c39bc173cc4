//! Randomness from the host.

use super::error::Error;
use super::imports::wasi;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The length of a UUID's text.
pub const UUID_LENGTH: usize = 36;

/// Fills a buffer with random bytes. One host call.
///
/// ```
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("store", "key", KvEntry::new(b"value"))
/// #     .config("settings", "colour", "blue")
/// #     .secret("secrets", "key", b"s3cret")
/// #     .log_endpoint("log")
/// #     .backend("origin", [Reply::answer(200, b"hello")]);
/// # let (result, record) = fake::with(host, || {
/// use statsig_fastly::platform::random;
///
/// let (mut one, mut two) = ([0; 16], [0; 16]);
/// random::fill(&mut one)?;
/// random::fill(&mut two)?;
/// assert_ne!(one, two);
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
pub fn fill(buffer: &mut [u8]) -> Result<(), Error> {
    wasi::random_get(buffer).map_err(Error::Host)
}

/// A random number. One host call.
///
/// ```
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("store", "key", KvEntry::new(b"value"))
/// #     .config("settings", "colour", "blue")
/// #     .secret("secrets", "key", b"s3cret")
/// #     .log_endpoint("log")
/// #     .backend("origin", [Reply::answer(200, b"hello")]);
/// # let (result, record) = fake::with(host, || {
/// use statsig_fastly::platform::random::random_u64;
///
/// assert_ne!(random_u64()?, random_u64()?);
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
pub fn random_u64() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// A random UUID (version 4) as lower-case text, all ASCII. One host call.
///
/// ```
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("store", "key", KvEntry::new(b"value"))
/// #     .config("settings", "colour", "blue")
/// #     .secret("secrets", "key", b"s3cret")
/// #     .log_endpoint("log")
/// #     .backend("origin", [Reply::answer(200, b"hello")]);
/// # let (result, record) = fake::with(host, || {
/// use statsig_fastly::platform::random::uuid_v4;
///
/// let id = uuid_v4()?;
/// // Version 4 of RFC 9562.
/// assert_eq!((id[8], id[14], id[23]), (b'-', b'4', b'-'));
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
pub fn uuid_v4() -> Result<[u8; UUID_LENGTH], Error> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(uuid_text(bytes))
}

fn uuid_text(mut bytes: [u8; 16]) -> [u8; UUID_LENGTH] {
    // Version 4 and the variant of RFC 9562, 122 random bits.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = [b'-'; UUID_LENGTH];
    let mut places = text.iter_mut();
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            // The hyphen that is there.
            places.next();
        }
        for digit in [byte >> 4, byte & 0xf] {
            if let Some(place) = places.next() {
                *place = HEX.get(usize::from(digit)).copied().unwrap_or(b'0');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host};
    use super::super::status::Status;
    use super::*;

    #[test]
    fn uuids_are_those_of_the_standard() {
        // RFC 9562, A.3: an example of a version 4 UUID; its fixed bits are set in the bytes given here, too.
        let bytes = 0x919108f7_52d1_3320_5bac_f847db4148a8_u128.to_be_bytes();
        assert_eq!(&uuid_text(bytes), b"919108f7-52d1-4320-9bac-f847db4148a8");
        assert_eq!(&uuid_text([0; 16]), b"00000000-0000-4000-8000-000000000000");
        assert_eq!(
            &uuid_text([0xff; 16]),
            b"ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
    }

    #[test]
    fn comes_from_the_host() {
        let (numbers, record) = fake::with(Host::default(), || (random_u64(), random_u64()));
        assert_ne!(numbers.0, numbers.1);
        assert_eq!(record.count("wasi_snapshot_preview1.random_get"), 2);
        let host = Host::default().fail("wasi_snapshot_preview1.random_get", Status::Error);
        assert_eq!(fake::with(host, uuid_v4).0, Err(Error::Host(Status::Error)));
    }
}
