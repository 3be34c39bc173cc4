//! `compile`: config specs of any bytes. What compiles is a table that opens, is sound, and answers everything.

use statsig_edge::compile::compile;
use statsig_edge::{Table, User};

use crate::ask::{USERS, everything};

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let compiled = match compile(bytes) {
        Ok(compiled) => compiled,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for warning in &compiled.warnings {
        assert!(!format!("{warning:?}").is_empty());
    }
    let again = compile(bytes).map(|compiled| compiled.table);
    assert_eq!(again.as_ref(), Ok(&compiled.table), "not the same twice");
    let table = match Table::open(&compiled.table) {
        Ok(table) => table,
        Err(error) => panic!("{error}"),
    };
    for user in USERS {
        let mut scratch = vec![0; user.len() * 6];
        let user = User::from_json(user.as_bytes(), &mut scratch);
        everything(table, &user.unwrap_or_default(), true);
    }
}
