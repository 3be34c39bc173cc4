//! The built service under Viceroy, over HTTP. Run by `cargo dev test`, which builds both.

use statsig_fastly_dev::harness::Service;
use statsig_fastly_dev::samples::SAMPLES;
use std::time::Duration;

#[test]
fn the_samples_are_answered_and_exposed() {
    let service = Service::start("samples");
    assert_eq!(service.get("/status").status, 200);
    for sample in SAMPLES {
        let answer = service.get(&sample.path());
        assert_eq!(answer.status, 200, "{}: {}", sample.path(), answer.body);
        assert!(answer.json().is_object(), "{}", answer.body);
    }
    let events = service
        .sink
        .wait_for_events(SAMPLES.len(), Duration::from_secs(20));
    assert_eq!(events.len(), SAMPLES.len());
}

#[test]
fn an_unknown_route_is_not_found() {
    let service = Service::start("unknown-route");
    assert_eq!(service.get("/nonsense").status, 404);
}
