//! The same decisions from the native engine, for the time until Viceroy is built.
//!
//! The service's own code, compiled for this machine and run on the host crate's fake host.

use std::net::IpAddr;
use std::path::Path;

use statsig_fastly::Loading;
use statsig_fastly::platform::fake::{self, Host, KvEntry};
use statsig_fastly::prelude::*;
use statsig_fastly_routes::{Asked, SPECS_KEY, STORE, answer};

use crate::samples::Sample;

/// The engine's answer to each sample in the service's own JSON, or `None` if the bundled payload cannot be read.
pub fn native_decisions(samples: &[Sample], service_dir: &Path) -> Option<Vec<String>> {
    let specs = std::fs::read(service_dir.join("payload/eval_proj_dcs.json")).ok()?;
    let host = Host::default().kv(STORE, SPECS_KEY, KvEntry::new(&specs));
    let (answers, _) = fake::with(host, || {
        let config = Config::new().with_kv_store(STORE, SPECS_KEY);
        let specs = Loading::begin(&config).finish();
        let statsig = Statsig::new(&config, &specs);
        samples
            .iter()
            .map(|sample| answer_to(&statsig, sample))
            .collect::<Option<Vec<String>>>()
    });
    answers
}

fn answer_to(statsig: &Statsig<'_>, sample: &Sample) -> Option<String> {
    let loopback: IpAddr = [127, 0, 0, 1].into();
    let asked = Asked {
        method: "GET",
        path: &format!("/{}/{}", sample.kind, sample.name),
        query: sample.user,
        ip: Some(loopback),
        user_agent: None,
        cookie: None,
    };
    let answer = answer(&asked, statsig);
    (answer.status == 200).then_some(answer.body)
}

#[cfg(test)]
mod tests {
    use super::native_decisions;
    use crate::samples::SAMPLES;
    use std::path::Path;

    #[test]
    fn every_sample_has_an_answer() {
        let service = Path::new(env!("CARGO_MANIFEST_DIR")).join("../service");
        let answers = native_decisions(&SAMPLES, &service).expect("answers");
        assert_eq!(answers.len(), SAMPLES.len());
        for answer in answers {
            assert!(
                answer.contains("\"reason\":\"Bootstrap:Recognized\""),
                "{answer}"
            );
        }
    }
}
