//! The few questions that `cargo dev serve` asks, about the sample payload that the service's manifest bundles.

/// The inspector's password in a local run, as the service's manifest has it.
pub const INSPECTOR_PASSWORD: &str = "inspector-of-a-local-run";

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

/// The questions, in the order asked: names of the bundled project.
pub const SAMPLES: [Sample; 5] = [
    Sample {
        kind: "gate",
        name: "test_public",
        user: "userID=user-1",
    },
    Sample {
        kind: "gate",
        name: "test_email",
        user: "userID=user-1&email=dev@statsig.com",
    },
    Sample {
        kind: "config",
        name: "operating_system_config",
        user: "userID=user-1",
    },
    Sample {
        kind: "experiment",
        name: "test_experiment_no_targeting",
        user: "userID=user-2",
    },
    Sample {
        kind: "layer",
        name: "Basic_test_layer/value",
        user: "userID=user-2",
    },
];
