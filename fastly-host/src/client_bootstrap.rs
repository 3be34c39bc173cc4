//! What a client SDK starts with, as the body of a response (`evaluation.md` §5.9). Cargo feature `bootstrap`.

use alloc::string::String;

use statsig_edge::User;
use statsig_edge::bootstrap::{BootstrapOptions, BootstrapReport, SdkInfo};

use crate::events::{SDK_TYPE, SDK_VERSION};
use crate::statsig::{Room, Statsig};

/// The body of a response to a client SDK.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientBootstrap {
    /// JSON, to be given to the client as it is. It is for one user: not for a shared cache.
    pub body: String,
    /// The response's `content-type`.
    pub content_type: &'static str,
    /// What the body has, and what it lacks.
    pub report: BootstrapReport,
}

impl Statsig<'_> {
    /// The answers to all specs for a user, as Statsig's client SDKs are initialised with; `None` without specs. Nothing is exposed: the
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
