//! The publisher over TLS: to a server that is vouched for, and to none else.

mod support;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use support::client::{command, ended};
use support::publish::{Files, KEY, to_kv};
use support::stores::KV;
use support::{Server, payload, reader};

/// An authority of our own, and a server that it vouches for.
struct Authority {
    pem: String,
    server: Arc<ServerConfig>,
}

fn authority(address: IpAddr) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::IpAddress(address)];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let chain = vec![CertificateDer::from(certificate)];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server =
        ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
    Authority {
        pem: issuer.pem(),
        server: server.into(),
    }
}

fn start(authority: &Authority) -> Server {
    let config = Arc::clone(&authority.server);
    Server::start_within("https", move |stream| {
        let tls = ServerConnection::new(Arc::clone(&config)).ok()?;
        Some(StreamOwned::new(tls, stream))
    })
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn a_server_that_is_vouched_for_is_spoken_to() {
    let (ours, files) = (authority(HERE), Files::new());
    let server = start(&ours);
    let ca = files.write("ca.pem", ours.pem.as_bytes());
    let specs = files.write("specs.json", &payload::demo());
    to_kv(&server, &specs, &["--ca-file", &ca]).expect(0);
    let table = Some(payload::table(&payload::demo()));
    assert_eq!(reader::kv_table(&server.state().stores, KEY), table);
    // As the variable that other programs know has it; and from Statsig over TLS, too.
    let newer = payload::later(&payload::demo(), |_| {});
    server
        .state()
        .stores
        .specs
        .insert("v2".into(), newer.into());
    let mut from_statsig = command(&server, &["publish", "--kv-store", KV, "--from-statsig"]);
    ended(from_statsig.env("SSL_CERT_FILE", &ca).spawn().unwrap()).expect(0);
    assert_ne!(reader::kv_table(&server.state().stores, KEY), table);
}

#[test]
fn nobody_else_is() {
    let (ours, files) = (authority(HERE), Files::new());
    let elsewhere = authority(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)));
    let specs = files.write("specs.json", &payload::demo());
    let write = |name: &str, pem: &str| files.write(name, pem.as_bytes());
    let cases = [
        // Mozilla does not know us; another authority does not; and ours vouches for another address.
        (&ours, None),
        (&ours, Some(write("other.pem", &elsewhere.pem))),
        (&elsewhere, Some(write("elsewhere.pem", &elsewhere.pem))),
    ];
    for (authority, ca) in cases {
        let server = start(authority);
        let mut more = vec!["--retries", "0"];
        more.extend(ca.iter().flat_map(|ca| ["--ca-file", ca]));
        let refused = to_kv(&server, &specs, &more).expect(1);
        assert!(refused.err.contains("certificate"), "{refused:?}");
        assert!(refused.err.contains("--ca-file"), "{refused:?}");
        assert!(server.state().requests.is_empty());
    }
    let server = start(&ours);
    for (name, text) in [("empty.pem", ""), ("specs.pem", "{}")] {
        let ca = write(name, text);
        let wrong = to_kv(&server, &specs, &["--ca-file", &ca]).expect(2);
        assert!(wrong.err.contains("holds no certificate"), "{wrong:?}");
    }
    to_kv(&server, &specs, &["--ca-file", "none.pem"]).expect(1);
}
