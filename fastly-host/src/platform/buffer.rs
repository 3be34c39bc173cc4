//! Buffers for values whose size only the host knows.
//!
//! The host writes into the spare capacity of a `Vec`, so nothing is zeroed first. A buffer that was too small costs
//! one more call with the size the host asked for.

use super::error::Error;
use super::status::{Filled, Status};
use alloc::vec::Vec;

/// Makes room for exactly `bytes` more; an allocator that has no more gives an error, not an abort.
pub(crate) fn reserve(out: &mut Vec<u8>, bytes: usize) -> Result<(), Error> {
    out.try_reserve_exact(bytes).map_err(|_| Error::OutOfMemory)
}

/// Appends what `call` writes to `out`, offering `guess` bytes first and never more than `limit`.
///
/// Returns the number of bytes appended; on an error `out` is as it was. The buffer grows with every turn, so there are
/// at most a logarithm's worth of them even for a host that never says how much it needs.
pub(crate) fn append(
    out: &mut Vec<u8>,
    guess: usize,
    limit: usize,
    call: &dyn Fn(&mut Vec<u8>) -> Filled,
) -> Result<usize, Error> {
    let mut room = guess.min(limit);
    loop {
        reserve(out, room)?;
        match call(out) {
            Ok(written) if written > limit => {
                // A `Vec` that had more to spare than asked for.
                out.truncate(out.len().saturating_sub(written));
                return Err(Error::TooLarge);
            }
            Ok(written) => return Ok(written),
            Err((Status::BufferTooSmall, needed)) => {
                if room >= limit || needed > limit {
                    return Err(Error::TooLarge);
                }
                room = needed.max(room.saturating_mul(2)).max(1).min(limit);
            }
            Err((status, _)) => return Err(Error::Host(status)),
        }
    }
}

/// [`append`] into a new buffer.
pub(crate) fn collect(
    guess: usize,
    limit: usize,
    call: &dyn Fn(&mut Vec<u8>) -> Filled,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    append(&mut out, guess, limit, call)?;
    Ok(out)
}

/// "No such value" is an answer, not a failure, for most getters.
pub(crate) fn optional<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Host(Status::None)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use core::cell::Cell;

    fn give(value: &[u8], tell: bool, calls: &Cell<u32>, out: &mut Vec<u8>) -> Filled {
        calls.set(calls.get() + 1);
        if value.len() > out.capacity() - out.len() {
            return Err((Status::BufferTooSmall, if tell { value.len() } else { 0 }));
        }
        out.extend_from_slice(value);
        Ok(value.len())
    }

    #[test]
    fn grows_once_when_told_the_size() {
        let (value, calls) = (vec![7; 5000], Cell::new(0));
        assert_eq!(
            collect(100, 5000, &|out| give(&value, true, &calls, out)),
            Ok(value.clone())
        );
        assert_eq!(calls.get(), 2);
    }

    #[test]
    fn doubles_when_not_told_the_size() {
        let (value, calls) = (vec![7; 5000], Cell::new(0));
        assert_eq!(
            collect(0, 9000, &|out| give(&value, false, &calls, out)),
            Ok(value.clone())
        );
        assert_eq!(calls.get(), 15);
    }

    #[test]
    fn stops_at_the_limit_and_leaves_the_buffer_alone() {
        for tell in [true, false] {
            let (value, calls, mut out) = (vec![7; 5001], Cell::new(0), vec![1, 2]);
            let result = append(&mut out, 100, 5000, &|out| give(&value, tell, &calls, out));
            assert_eq!((result, &out[..]), (Err(Error::TooLarge), &[1, 2][..]));
        }
        let (value, calls) = (vec![7; 11], Cell::new(0));
        let mut out = Vec::with_capacity(100);
        assert_eq!(
            append(&mut out, 10, 10, &|out| give(&value, true, &calls, out)),
            Err(Error::TooLarge)
        );
        assert!(out.is_empty());
    }

    #[test]
    fn a_host_that_always_wants_more_is_left() {
        let result = collect(1, 1 << 20, &|_| Err((Status::BufferTooSmall, 3)));
        assert_eq!(result, Err(Error::TooLarge));
    }

    #[test]
    fn absent_is_not_an_error() {
        assert_eq!(
            optional(collect(1, 1, &|_| Err((Status::None, 0)))),
            Ok(None)
        );
        assert_eq!(optional::<()>(Err(Error::TooLarge)), Err(Error::TooLarge));
    }
}
