//! The few questions that `cargo dev serve` asks, about the sample payload that the service's manifest bundles.

/// One question to the service.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Kind of spec, as in the route: `gate`, `config`, `experiment` or `layer`.
    pub kind: &'static str,
    /// Its name; for a layer with the parameter after a slash.
    pub name: &'static str,
    /// The user, as query parameters.
    pub user: &'static str,
}

impl Sample {
    /// Path and query of the question.
    pub fn path(&self) -> String {
        format!("/{}/{}?{}", self.kind, self.name, self.user)
    }
}

/// The questions, in the order asked.
pub const SAMPLES: [Sample; 4] = [
    Sample {
        kind: "gate",
        name: "a_gate",
        user: "userID=user-1",
    },
    Sample {
        kind: "config",
        name: "a_config",
        user: "userID=user-1",
    },
    Sample {
        kind: "experiment",
        name: "an_experiment",
        user: "userID=user-2",
    },
    Sample {
        kind: "layer",
        name: "a_layer/a_parameter",
        user: "userID=user-2",
    },
];
