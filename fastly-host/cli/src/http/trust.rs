//! Whose word is taken for who a server is.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::failure::Problem;

/// Whose word is taken for who a server is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Trust")]
pub(super) struct Trust {
    /// A file of certificates in PEM: servers must be vouched for by one of these, instead of by Mozilla's list, which is built in. For
    /// networks where a proxy opens connections
    #[arg(long, value_name = "FILE", env = "SSL_CERT_FILE")]
    ca_file: Option<PathBuf>,
}

impl Trust {
    /// Reads the file.
    pub(super) fn config(&self) -> Result<TlsConfig> {
        let Some(path) = &self.ca_file else {
            return Ok(TlsConfig::default());
        };
        let pem = std::fs::read(path)
            .with_context(|| format!("reading certificates from {}", path.display()))?;
        let mut roots = Vec::new();
        for item in parse_pem(&pem) {
            if let PemItem::Certificate(certificate) =
                item.with_context(|| format!("{} as PEM", path.display()))?
            {
                roots.push(certificate);
            }
        }
        if roots.is_empty() {
            return Err(Problem::usage(
                format!("{} holds no certificate", path.display()),
                "name a file in PEM, or leave out --ca-file and SSL_CERT_FILE",
            ));
        }
        let roots = RootCerts::Specific(Arc::new(roots));
        Ok(TlsConfig::builder().root_certs(roots).build())
    }
}
