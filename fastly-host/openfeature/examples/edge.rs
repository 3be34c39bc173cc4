//! A Compute service that asks Statsig through OpenFeature, on a published table. To be built for `wasm32-wasip1`, with feature `fastly`.

use open_feature::{EvaluationContext, OpenFeature};
use statsig_fastly::platform::request::Request;
use statsig_fastly::{BareResponse, Config, Events, Key, Statsig, handle_bare};
use statsig_openfeature::{StatsigProvider, block_on};

fn main() {
    let key = Key::Stored {
        store: "statsig",
        name: "server-key",
    };
    let config = Config::new()
        .with_kv_store("statsig", "statsig-specs")
        .with_events(Events::new("statsig-events", key));
    // Without a request there is nobody to tell.
    let _ = handle_bare(&config, respond);
}

fn respond(
    request: &mut Request,
    statsig: &Statsig<'_>,
) -> Result<BareResponse, statsig_fastly::platform::Error> {
    let user_id = request.header("x-user-id")?.unwrap_or_default();
    let provider = StatsigProvider::from_statsig(statsig);
    let mut api = OpenFeature::default();
    block_on(api.set_provider(provider.clone()));
    let context = EvaluationContext::default()
        .with_targeting_key(String::from_utf8_lossy(&user_id).into_owned());
    let passes = block_on(
        api.create_client()
            .get_bool_value("new_home", Some(&context), None),
    );
    let body = if passes.unwrap_or(false) {
        "new"
    } else {
        "old"
    };
    provider.log_exposures(statsig);
    Ok(BareResponse::new(200, "text/plain", body))
}
