//! How patient requests are, and whom they trust, on the command line.

use std::time::Duration;

use clap::Args;

use super::trust::Trust;

/// How patient requests are, and whom they trust.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Patience")]
pub(crate) struct Patience {
    /// How often a failed request is sent again
    #[arg(long, value_name = "TIMES", default_value_t = 5)]
    pub(super) retries: u32,
    /// The longest silence of a server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(super) timeout: Duration,
    /// The longest wait for a rate limit to be lifted, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    pub(super) max_wait: Duration,
    /// The first pause before sending again, in seconds; each further one is twice as long
    #[arg(long, value_name = "SECONDS", default_value = "0.25", value_parser = seconds)]
    pub(super) retry_pause: Duration,
    #[command(flatten)]
    pub(super) trust: Trust,
}

/// Seconds on a command line, with a fraction if need be.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
