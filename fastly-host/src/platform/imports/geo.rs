//! `fastly_geo`: where an address is.

use super::*;

mod host {
    #[link(wasm_import_module = "fastly_geo")]
    unsafe extern "C" {
        pub(super) fn lookup(
            octets: *const u8,
            length: usize,
            buffer: *mut u8,
            capacity: usize,
            written: *mut usize,
        ) -> u32;
    }
}

/// A JSON text about an address of 4 or 16 octets; may be empty.
pub(crate) fn lookup(octets: &[u8], out: &mut Vec<u8>) -> Filled {
    // SAFETY: `octets` outlives the call, `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe {
        host::lookup(octets.as_ptr(), octets.len(), p, n, w)
    })
}
