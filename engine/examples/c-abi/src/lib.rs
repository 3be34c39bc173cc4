//! The engine behind a C interface (`statsig_edge.h`): no allocator, no WASI, two imports.
//!
//! The host owns the memory: it grows it beyond `__heap_base`, puts the table, the user's JSON and the names there, and
//! calls. Nothing is kept between calls, so one instance answers for any number of tables and users, and an instance may
//! be thrown away after each.
#![cfg_attr(target_family = "wasm", no_std)]
#![cfg(target_family = "wasm")]

use statsig_edge::{Country, Environment, Evaluator, Reason, Scratch, Table, User};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

// `memcpy` and its like: on this target they are the C library's.
#[link(name = "c")]
unsafe extern "C" {}

mod host {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        pub(super) safe fn now_ms() -> i64;
        pub(super) fn country(ip: *const u8, length: usize) -> u32;
    }
}

/// The world of this module: a clock, and the country of an address. ID lists and chance would be further imports.
struct Host;

impl Environment for Host {
    fn now_ms(&self) -> i64 {
        host::now_ms()
    }

    fn country(&self, ip: &str) -> Country {
        // SAFETY: the text outlives the call.
        match unsafe { host::country(ip.as_ptr(), ip.len()) } {
            0 => Country::Unknown,
            code => Country::Code([(code >> 8) as u8, code as u8]),
        }
    }
}

/// Room for one check; see `Scratch`.
type Space<'t> = Scratch<'t, 64, 16>;

/// The bytes are no rule table that this build reads.
const NOT_A_TABLE: i32 = -1;
/// The user is no JSON object that describes one, or the room is too small to unescape its texts.
const NOT_A_USER: i32 = -2;
/// A name is no UTF-8.
const NOT_TEXT: i32 = -3;
/// The payload has no spec of this name, or the value no such parameter.
const UNKNOWN: i32 = -4;
/// The spec needs something that this build does not have.
const UNSUPPORTED: i32 = -5;
/// The room for the answer is too small.
const NO_ROOM: i32 = -6;
/// The kind is none of the four.
const NO_KIND: i32 = -7;

/// A run of bytes in this module's memory.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Bytes {
    start: *const u8,
    length: usize,
}

impl Bytes {
    /// # Safety
    /// The bytes lie in memory, and nobody writes to them while the result is in use.
    unsafe fn get<'b>(self) -> &'b [u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: said above.
        unsafe { core::slice::from_raw_parts(self.start, self.length) }
    }
}

/// A run of bytes to write to.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Room {
    start: *mut u8,
    length: usize,
}

impl Room {
    /// # Safety
    /// The bytes lie in memory, and nobody else uses them while the result is in use.
    unsafe fn get<'b>(self) -> &'b mut [u8] {
        if self.length == 0 {
            return &mut [];
        }
        // SAFETY: said above.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.length) }
    }
}

/// Who asks for which spec of which table.
#[repr(C)]
pub struct Question {
    table: Bytes,
    user: Bytes,
    name: Bytes,
    /// Where the user's texts are unescaped: as many bytes as its JSON has, six times that if it may have U+FFFD for what is
    /// no UTF-8.
    room: Room,
}

/// The parts of a question, opened.
type Opened<'q> = (Table<'q>, User<'q>, &'q str);

impl Question {
    /// # Safety
    /// As for [`statsig_gate`].
    unsafe fn open<'q>(&self) -> Result<Opened<'q>, i32> {
        // SAFETY: said above.
        let (table, user, name, room) = unsafe {
            (
                self.table.get(),
                self.user.get(),
                self.name.get(),
                self.room.get(),
            )
        };
        Ok((
            Table::open(table).map_err(|_| NOT_A_TABLE)?,
            User::from_json(user, room).map_err(|_| NOT_A_USER)?,
            core::str::from_utf8(name).map_err(|_| NOT_TEXT)?,
        ))
    }
}

/// A gate's value: 1 or 0, or a negative number.
///
/// # Safety
/// `question` and all that it refers to lie in memory, apart from each other, and nobody else uses them meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn statsig_gate(question: &Question) -> i32 {
    // SAFETY: said above.
    match unsafe { question.open() } {
        Ok((table, user, name)) => {
            let mut scratch = Space::new();
            let evaluator = Evaluator::new(table, &Host);
            let gate = evaluator.gate(&user, name, &mut scratch);
            without_answer(gate.reason()).unwrap_or(i32::from(gate.value()))
        }
        Err(error) => error,
    }
}

/// The JSON text of one parameter of a dynamic config (kind 1), an experiment (2) or a layer (3), written to `out`: its
/// length, or a negative number.
///
/// # Safety
/// As for [`statsig_gate`]; `parameter` and `out` too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn statsig_parameter(
    question: &Question,
    kind: u32,
    parameter: &Bytes,
    out: &Room,
) -> i32 {
    // SAFETY: said above.
    let (opened, parameter, out) = unsafe { (question.open(), parameter.get(), out.get()) };
    let (table, user, name) = match opened {
        Ok(opened) => opened,
        Err(error) => return error,
    };
    let Ok(parameter) = core::str::from_utf8(parameter) else {
        return NOT_TEXT;
    };
    let mut scratch = Space::new();
    let evaluator = Evaluator::new(table, &Host);
    let (reason, json) = match kind {
        1 => {
            let config = evaluator.dynamic_config(&user, name, &mut scratch);
            (config.reason(), config.parameter(parameter))
        }
        2 => {
            let experiment = evaluator.experiment(&user, name, &mut scratch);
            (experiment.reason(), experiment.parameter(parameter))
        }
        3 => {
            let layer = evaluator.layer(&user, name, &mut scratch);
            let json = layer.parameter(parameter).map(|read| read.json);
            (layer.reason(), json)
        }
        _ => return NO_KIND,
    };
    if let Some(error) = without_answer(reason) {
        return error;
    }
    let Some(json) = json else { return UNKNOWN };
    match out.get_mut(..json.len()) {
        Some(place) => {
            place.copy_from_slice(json.as_bytes());
            // A Wasm memory has at most four gigabytes, a table at most two.
            i32::try_from(json.len()).unwrap_or(NO_ROOM)
        }
        None => NO_ROOM,
    }
}

fn without_answer(reason: Reason) -> Option<i32> {
    match reason {
        Reason::Unrecognized => Some(UNKNOWN),
        Reason::Unsupported | Reason::Error(_) => Some(UNSUPPORTED),
        _ => None,
    }
}
