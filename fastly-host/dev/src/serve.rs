//! `cargo dev serve`: the service under Viceroy with a local event sink, and a few decisions to see that it answers.

use crate::build_dirs::BuildDirs;
use crate::event_sink::EventSink;
use crate::http::Client;
use crate::native::native_decisions;
use crate::process::stopping_is_success;
use crate::progress::{Failure, Outcome, say, spoken, tail};
use crate::run_config::EVENTS_BACKEND;
use crate::run_config::RunConfig;
use crate::samples::{INSPECTOR_PASSWORD, SAMPLES};
use crate::service_build;
use crate::viceroy::Preparing;
use crate::viceroy_server::{Launch, Server};
use crate::wasm_toolchain::Toolchain;
use crate::workspace::Workspace;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Viceroy's own default.
pub const DEFAULT_PORT: u16 = 7676;
const EVENT_PATIENCE: Duration = Duration::from_secs(3);

/// Builds, starts, asks and prints; then stays until it is stopped, or with `once` returns.
pub fn serve(once: bool, port: Option<u16>, form: service_build::Form) -> Outcome<()> {
    let begin = Instant::now();
    // A run that only asks needs no certain port.
    let port = port.unwrap_or(if once { 0 } else { DEFAULT_PORT });
    check_port(port)?;
    let workspace = Workspace::find()?;
    let viceroy = Preparing::begin()?;
    if !viceroy.is_ready()
        && let Some(answers) = native_decisions(&SAMPLES, service_build::service_dir(&workspace)?)
    {
        println!("\nUntil Viceroy is built, the same decisions from the native engine:");
        print_decisions(&answers);
    }
    let module = {
        let dirs = BuildDirs::take(&workspace)?;
        let toolchain = Toolchain::for_wasm()?;
        service_build::build(&workspace, &dirs, toolchain, form)?
    };
    let viceroy = viceroy.wait()?;

    // The decisions' own events are summed up in one line; later ones are told as they come.
    let telling = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&telling);
    let sink = EventSink::start_with(move |post| {
        if tell.load(Ordering::Relaxed) {
            println!(
                "event sink: {} events at {}",
                post.events().len(),
                post.path
            );
        }
    })?;
    let service_dir = service_build::service_dir(&workspace)?;
    let run_dir = workspace.run_dir(&format!("serve-{port}"))?;
    let config = run_dir.join("fastly.toml");
    RunConfig::of_service(service_dir)?
        .backend(EVENTS_BACKEND, &sink.url())
        .write(&config)?;
    say("starting Viceroy: it compiles the module first");
    let started = Instant::now();
    let mut server = Server::start(&Launch {
        viceroy: &viceroy.path,
        wasm: &module.path,
        config: &config,
        dir: service_dir,
        port,
        log: &run_dir.join("viceroy.log"),
        own_group: true,
    })?;
    say(format!(
        "Viceroy listens after {}, {} in all",
        spoken(started.elapsed()),
        spoken(begin.elapsed())
    ));

    println!("\nDecisions of the service:");
    print_decisions(&ask(&server)?);
    sink.wait_for_posts(SAMPLES.len(), EVENT_PATIENCE);
    let events = sink.events();
    println!(
        "\nThe event sink at {} has {} events so far.",
        sink.url(),
        events.len()
    );
    if once {
        return Ok(());
    }
    println!(
        "The service answers at {} until Ctrl-C. Try:",
        server.url("/status")
    );
    println!("  curl '{}'", server.url(&SAMPLES[0].path()));
    // With the password, for the machine's own browser.
    println!(
        "  the inspector: http://dev:{INSPECTOR_PASSWORD}@{}/inspect",
        server.addr
    );
    println!("Viceroy's log: {}\n", server.log().display());
    telling.store(true, Ordering::Relaxed);
    stopping_is_success();
    let status = server.wait()?;
    say(tail(server.log(), 15));
    Err(Failure::new(
        format!("Viceroy ended by itself ({status})"),
        "read the lines above, then run the command again",
    ))
}

fn check_port(port: u16) -> Outcome<()> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(
            format!("port {port} on 127.0.0.1 cannot be used: {error}"),
            "stop what uses it, or choose another with --port (0 takes a free one)",
        )),
    }
}

fn ask(server: &Server) -> Outcome<Vec<String>> {
    let client = Client::new();
    let answers = SAMPLES.iter().map(|sample| {
        let answer = client.get(&server.url(&sample.path()), &[])?;
        if answer.status == 200 {
            return Ok(answer.body.trim_end().to_owned());
        }
        Err(Failure::new(
            format!(
                "{} was answered with status {}: {}",
                sample.path(),
                answer.status,
                answer.body
            ),
            format!("read {}", server.log().display()),
        ))
    });
    answers.collect()
}

fn print_decisions(answers: &[String]) {
    for (sample, answer) in SAMPLES.iter().zip(answers) {
        println!(
            "  {:<10} {:<22} {:<24} {answer}",
            sample.kind, sample.name, sample.user
        );
    }
}
