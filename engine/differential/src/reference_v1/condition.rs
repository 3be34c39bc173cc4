//! Conditions (§4.1), and the gates that they ask (§3.6, §4.9).

use super::*;

impl Reference<'_> {
    /// §4.1.
    pub(super) fn condition(
        &self,
        person: &Person<'_>,
        condition: &Json,
        record: &mut Record,
        depth: usize,
    ) -> Result<(), TooDeep> {
        let field = condition["field"].as_str();
        let target = &condition["targetValue"];
        let found = |value: Option<Json>| value.map_or(Operand::Absent, Operand::Value);
        let left = match condition["type"].as_str().unwrap_or_default() {
            "public" => {
                record.answer.value = true;
                return Ok(());
            }
            which @ ("pass_gate" | "fail_gate") => {
                let gate = target.as_str().unwrap_or_default();
                if let Some(value) = self.nested_gate(person, gate, record, depth)? {
                    record.answer.value = value == (which == "pass_gate");
                }
                return Ok(());
            }
            which @ ("multi_pass_gate" | "multi_fail_gate") => {
                return self.several_gates(person, condition, which, record, depth);
            }
            "user_field" => found(field.and_then(|field| person.field(field))),
            "unit_id" => found(person.unit(&id_type(condition))),
            "environment_field" => found(field.and_then(|field| person.environment(field))),
            "current_time" => Operand::Now(self.outside.now),
            "user_bucket" => {
                let salt = condition["additionalValues"]["salt"].as_str();
                let unit = person.unit_text(&id_type(condition));
                let hash = h(&format!("{}.{unit}", salt.unwrap_or_default()));
                Operand::Value(json!(hash % 1000))
            }
            "ip_based" => found(field.and_then(|field| {
                person.field(field).or_else(|| {
                    let ip = person.field("ip").filter(|_| field == "country")?;
                    (self.outside.country)(&value::text(&ip)?).map(Json::String)
                })
            })),
            "ua_based" => found(field.and_then(|field| {
                person
                    .field(field)
                    .or_else(|| self.agent_field(person, field).map(Json::String))
            })),
            "target_app" => found(match &self.payload["app_id"] {
                Json::Null => None,
                app => value::text(app).map(Json::String),
            }),
            "experiment_group" => found(field.and_then(|field| {
                let answer = self.public(person, Kind::Experiment, field, depth + 1);
                answer.group_name.map(Json::String)
            })),
            _ => {
                record.unsupported = true;
                return Ok(());
            }
        };
        let operator = condition["operator"].as_str().unwrap_or_default();
        let in_list = |list: &str, text: &str| (self.outside.member)(list, &list_key(text));
        match operator::holds(operator, &left, target, &in_list) {
            None => record.unsupported = true,
            Some(holds) => {
                record.answer.value = holds;
                record.asked_list |= operator::asks_list(operator, &left, target);
            }
        }
        Ok(())
    }

    /// §4.8.
    fn agent_field(&self, person: &Person<'_>, field: &str) -> Option<String> {
        let name = match field.to_lowercase().as_str() {
            "os_name" | "osname" => "os_name",
            "os_version" | "osversion" => "os_version",
            "browser_name" | "browsername" => "browser_name",
            "browser_version" | "browserversion" => "browser_version",
            _ => return None,
        };
        let agent = value::text(&person.field("userAgent")?)?;
        if agent.len() > 1000 {
            return None;
        }
        (self.outside.agent)(name, &agent)
    }

    /// §4.9.
    fn several_gates(
        &self,
        person: &Person<'_>,
        condition: &Json,
        which: &str,
        record: &mut Record,
        depth: usize,
    ) -> Result<(), TooDeep> {
        let Some(gates) = condition["targetValue"].as_array() else {
            record.unsupported = true;
            return Ok(());
        };
        for gate in gates {
            let gate = gate.as_str().unwrap_or_default();
            match self.nested_gate(person, gate, record, depth)? {
                None => return Ok(()),
                Some(value) if value == (which == "multi_pass_gate") => {
                    record.answer.value = true;
                    return Ok(());
                }
                Some(_) => {}
            }
        }
        record.answer.value = false;
        Ok(())
    }

    /// §3.6: the gate's own value; none when it is unsupported.
    fn nested_gate(
        &self,
        person: &Person<'_>,
        gate: &str,
        record: &mut Record,
        depth: usize,
    ) -> Result<Option<bool>, TooDeep> {
        let mut child = Record::default();
        self.evaluate(person, Kind::Gate, gate, &mut child, depth + 1)?;
        let segment = gate.starts_with("segment:");
        let answer = &mut record.answer;
        answer.secondary.extend(child.answer.secondary);
        answer.analytical |= child.answer.analytical;
        record.asked_list |= child.asked_list;
        if child.unsupported {
            record.unsupported = true;
            return Ok(None);
        }
        answer.analytical |= !segment && child.answer.sampling_rate.is_none();
        answer.value = child.answer.value;
        answer.rule_id.clone_from(&child.answer.rule_id);
        if !segment && !child.answer.rule_id.is_empty() {
            answer
                .secondary
                .push((gate.to_owned(), child.answer.value, child.answer.rule_id));
        }
        Ok(Some(child.answer.value))
    }
}
