//! The same decisions from the native engine, for the time until Viceroy is built.
//!
//! The service's own code, compiled for this machine and run on the host crate's fake host.

use std::net::IpAddr;
use std::path::Path;

use statsig_fastly::platform::fake::{self, Host, KvEntry};
use statsig_fastly::prelude::*;
use statsig_fastly::{Client, Loading, RequestUser};

use crate::samples::Sample;

// What the service answers with, so that these are its answers and not a likeness.
#[path = "../../service/src/answer.rs"]
mod answer;

/// The engine's answer to each sample in the service's own JSON, or `None` if the bundled payload cannot be read.
pub fn native_decisions(samples: &[Sample], service_dir: &Path) -> Option<Vec<String>> {
    let specs = std::fs::read(service_dir.join("payload/eval_proj_dcs.json")).ok()?;
    let host = Host::default().kv("statsig", "statsig-specs", KvEntry::new(&specs));
    let (answers, _) = fake::with(host, || {
        let config = Config::new().with_kv_store("statsig", "statsig-specs");
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
    let mut request_user = RequestUser::new(sample.user, Client::locate(Some(loopback), None));
    let user = request_user.user().ok()?;
    let mut out = String::new();
    match sample.kind {
        "gate" => answer::gate(statsig, &user, sample.name, &mut out)?,
        "config" => answer::config(statsig, &user, sample.name, &mut out)?,
        "experiment" => answer::experiment(statsig, &user, sample.name, &mut out)?,
        _ => {
            let (layer, parameter) = sample.name.split_once('/')?;
            match answer::layer(statsig, &user, layer, parameter, &mut out) {
                answer::LayerAnswer::Written => {}
                answer::LayerAnswer::NoLayer | answer::LayerAnswer::NoParameter => return None,
            }
        }
    }
    Some(out)
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
