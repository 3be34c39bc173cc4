//! What a client SDK starts with, as the body of a response (`evaluation.md` §5.9). Cargo feature `bootstrap`.

use alloc::string::String;

use statsig_edge::User;
use statsig_edge::bootstrap::{BootstrapOptions, BootstrapReport, SdkInfo};

use crate::events::{SDK_TYPE, SDK_VERSION};
use crate::statsig::{Room, Statsig};

/// The body of a response to a client SDK.
///
/// ```
/// # #[cfg(feature = "drop-in")] {
/// # use statsig_edge::User;
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # use statsig_fastly::{Config, Specs, Statsig};
/// # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("statsig", "specs", KvEntry::new(specs))
/// #     .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
/// # let (_, record) = fake::with(host, || {
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// use statsig_edge::bootstrap::BootstrapOptions;
///
/// let user = User::new().with_user_id("u-1");
/// let response = statsig.client_bootstrap(&user, &BootstrapOptions::default()).unwrap();
/// assert_eq!(response.content_type, "application/json");
/// assert!(response.body.contains(r#""sdkType":"statsig-fastly-rust""#));
/// # });
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientBootstrap {
    /// JSON, to be sent to the client unchanged. It is for one user: keep it out of shared caches.
    pub body: String,
    /// The response's `content-type`.
    pub content_type: &'static str,
    /// What the body has, and what it lacks.
    pub report: BootstrapReport,
}

impl Statsig<'_> {
    /// All answers for a user, in the form that initialises Statsig's client SDKs; `None` without specs. Nothing is exposed: the
    /// client logs what it uses.
    ///
    /// `sdkInfo` names this crate unless the options say otherwise.
    pub fn client_bootstrap(
        &self,
        user: &User<'_>,
        options: &BootstrapOptions<'_>,
    ) -> Option<ClientBootstrap> {
        let evaluator = self.evaluator()?;
        let mut options = *options;
        if options.sdk.sdk_type == SdkInfo::default().sdk_type {
            options.sdk.sdk_type = SDK_TYPE;
            options.sdk.sdk_version = SDK_VERSION;
        }
        let mut body = String::new();
        let mut scratch = Room::new();
        // A `String` takes everything.
        let report = evaluator
            .client_bootstrap(user, &options, scratch.view(), &mut body)
            .ok()?;
        Some(ClientBootstrap {
            body,
            content_type: "application/json",
            report,
        })
    }
}
