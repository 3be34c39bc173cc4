//! One call of the host: its arguments, and the module's memory.

use wasmi::Caller;

use super::host::{BUFFER, Host, OK};

/// One call of the host.
pub(super) struct Call<'c> {
    pub(super) caller: Caller<'c, Host>,
    pub(super) words: Vec<u64>,
}

impl Call<'_> {
    pub(super) fn word(&self, at: usize) -> usize {
        self.words.get(at).copied().unwrap_or(0) as usize
    }

    pub(super) fn host(&mut self) -> &mut Host {
        self.caller.data_mut()
    }

    pub(super) fn write(&mut self, place: usize, bytes: &[u8]) {
        if let Some(memory) = self.caller.data().memory {
            // A module that gives a wrong place gets nothing.
            let _ = memory.write(&mut self.caller, place, bytes);
        }
    }

    pub(super) fn read(&self, place: usize, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        if let Some(memory) = self.caller.data().memory {
            let _ = memory.read(&self.caller, place, &mut bytes);
        }
        bytes
    }

    /// Gives a number to the pointer that is this argument.
    pub(super) fn give(&mut self, argument: usize, number: u32) {
        self.write(self.word(argument), &number.to_le_bytes());
    }

    /// Gives bytes to a buffer: its place, its capacity and the place for the count are arguments from `first` on.
    pub(super) fn fill(&mut self, first: usize, bytes: &[u8]) -> i32 {
        self.give(first + 2, bytes.len() as u32);
        if bytes.len() > self.word(first + 1) {
            return BUFFER;
        }
        self.write(self.word(first), bytes);
        OK
    }

    pub(super) fn handle(&mut self, argument: usize) -> i32 {
        let host = self.host();
        host.next += 1;
        let handle = host.next;
        self.give(argument, handle);
        OK
    }

    pub(super) fn body(&mut self, argument: usize, bytes: Vec<u8>) -> i32 {
        self.handle(argument);
        let host = self.host();
        let handle = host.next;
        host.bodies.insert(handle, (bytes, 0));
        OK
    }
}

impl Call<'_> {
    /// What the cache has for a look-up, which is the first argument.
    pub(super) fn found(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let handle = self.word(0) as u32;
        let host = self.host();
        let (key, _) = host.found.get(&handle)?;
        host.done.cache.get(key).cloned()
    }

    /// Begins an insert, whose options are this argument and whose body is the next.
    pub(super) fn insert(&mut self, key: Vec<u8>, options: usize) -> i32 {
        // Where the options say what is to be kept beside the bytes.
        let place = self.word(options) + 56;
        let word = |at: usize| {
            let bytes = self.read(at, 4);
            bytes.try_into().map_or(0, u32::from_le_bytes) as usize
        };
        let metadata = self.read(word(place), word(place + 4));
        self.body(options + 1, Vec::new());
        let host = self.host();
        host.inserts.insert(host.next, (key, metadata));
        OK
    }
}
