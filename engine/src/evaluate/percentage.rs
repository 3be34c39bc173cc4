//! Pass percentages and user buckets (`evaluation.md` §3.5, §4.1).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::explain::{Step, Trace};
use crate::number::NumberText;
use crate::sha256::Sha256;
use crate::table::rule::{ALL, HashInput, Rule};

/// What a pass percentage is a share of.
const BUCKETS: u64 = ALL as u64;

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Whether the rule's unit falls below its bound.
    #[inline(always)]
    pub(super) fn passes_percentage(&mut self, rule: Rule<'t>) -> Result<bool> {
        let bound = rule.bound();
        let drawn = match bound {
            0 | ALL.. => None,
            _ => Some(self.hash_unit(rule.hash_input())? % BUCKETS),
        };
        Ok(self.within(drawn, bound))
    }

    /// Whether what was drawn is below the bound; without a draw all pass or none.
    #[inline(always)]
    fn within(&mut self, drawn: Option<u64>, bound: u16) -> bool {
        let passes = drawn.map_or(bound > 0, |drawn| drawn < u64::from(bound));
        self.tell(|| Step::Percentage {
            drawn,
            bound,
            passes,
        });
        passes
    }

    /// The same for a rule of a config mapping, which hashes the salt of the spec that it is used for.
    pub(super) fn passes_override_percentage(
        &mut self,
        rule: Rule<'t>,
        spec_salt: &str,
    ) -> Result<bool> {
        let bound = rule.bound();
        let drawn = match bound {
            0 | ALL.. => None,
            _ => {
                let mut hash = Sha256::new();
                for part in [spec_salt, ".", rule.override_salt(self.table), "."] {
                    hash.update(part.as_bytes());
                }
                Some(self.finish_with_id(&mut hash, rule.hash_input().unit)? % BUCKETS)
            }
        };
        Ok(self.within(drawn, bound))
    }

    /// H of a prefix and the user's unit id. The last one is kept: the groups of an experiment share it, and so do a
    /// layer's allocation and its experiment's.
    #[inline(never)]
    pub(super) fn hash_unit(&mut self, input: HashInput) -> Result<u64> {
        if let Some((last, hash)) = self.last_hash
            && last == input
        {
            return Ok(hash);
        }
        let prefix = self.table.prefix(input.prefix).required()?;
        let mut hash = Sha256::new();
        hash.begin(prefix).required()?;
        let hash = self.finish_with_id(&mut hash, input.unit)?;
        self.last_hash = Some((input, hash));
        Ok(hash)
    }

    /// H of what was hashed, followed by the user's unit id.
    #[inline(never)]
    fn finish_with_id(&self, hash: &mut Sha256, unit: u16) -> Result<u64> {
        let id = match self.table.is_user_id(unit) {
            true => self.user.user_id,
            false => self.user.unit(&self.table.unit(unit).required()?),
        };
        if let Some(id) = &id {
            let mut buffer = NumberText::new();
            let text = id.text(&mut buffer).unwrap_or_default();
            hash.update(text.as_bytes());
        }
        Ok(hash.finish())
    }
}
