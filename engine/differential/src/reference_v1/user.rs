//! Looking things up in a user (`evaluation.md` §2.5, §2.6).

use serde_json::{Value as Json, json};

use super::{Outside, value};

/// A user with what the options and the payload add.
pub(super) struct Person<'u> {
    user: &'u Json,
    global: &'u Json,
    configured: Json,
}

impl<'u> Person<'u> {
    pub(super) fn new(user: &'u Json, outside: &Outside<'u>, payload: &'u Json) -> Self {
        let tier = outside
            .tier
            .or_else(|| payload["default_environment"].as_str());
        Person {
            user,
            global: outside.global,
            configured: match tier {
                Some(tier) => json!({"tier": tier}),
                None => json!({}),
            },
        }
    }

    fn own(&self, name: &str) -> Option<Json> {
        self.user
            .get(name)
            .filter(|value| !value.is_null())
            .cloned()
    }

    pub(super) fn field(&self, field: &str) -> Option<Json> {
        let lowered = field.to_lowercase();
        let builtin = match lowered.as_str() {
            "userid" => Some("userID"),
            "appversion" => Some("appVersion"),
            "useragent" => Some("userAgent"),
            name @ ("email" | "ip" | "country" | "locale") => Some(name),
            _ => None,
        };
        if let Some(found) = builtin.and_then(|name| self.own(name))
            && value::text(&found).is_some_and(|text| !text.is_empty())
        {
            return Some(found);
        }
        let (custom, private) = (&self.user["custom"], &self.user["privateAttributes"]);
        for map in [custom, self.global, private] {
            if let Some(found) = map.get(field).or_else(|| map.get(&lowered)) {
                return Some(found.clone());
            }
        }
        match lowered.as_str() {
            "user_id" => self.own("userID"),
            "app_version" => self.own("appVersion"),
            "user_agent" => self.own("userAgent"),
            _ => None,
        }
    }

    pub(super) fn unit(&self, id_type: &str) -> Option<Json> {
        let lowered = id_type.to_lowercase();
        if lowered == "userid" {
            return self.own("userID");
        }
        let ids = &self.user["customIDs"];
        ids.get(id_type).or_else(|| ids.get(&lowered)).cloned()
    }

    pub(super) fn unit_text(&self, id_type: &str) -> String {
        self.unit(id_type)
            .and_then(|unit| value::text(&unit))
            .unwrap_or_default()
    }

    pub(super) fn environment(&self, field: &str) -> Option<Json> {
        self.user["statsigEnvironment"]
            .get(field)
            .or_else(|| self.configured.get(field))
            .or_else(|| self.configured.get(field.to_lowercase()))
            .cloned()
    }
}
