//! Addresses that lead to no device.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use tati::prelude::*;

/// A port of loopback, with its listener.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, format!("remote:{address}"))
}

#[test]
fn addresses_have_a_host_and_a_port() {
    for address in [
        "",
        ":3000",
        "localhost",
        "localhost:0",
        "localhost:65536",
        "::1:80",
        "[x]:1",
        "ws://localhost:1",
        "local host:1",
    ] {
        let error = open_device(&format!("remote:{address}")).expect_err(address);
        let message = error.to_string();
        let expected = format!("`device` is remote:{address}: it must be remote:HOST:PORT");
        assert!(message.starts_with(&expected), "{message}");
    }
    let message = open_device("remote").expect_err("no address").to_string();
    assert!(message.contains("it must be remote:HOST:PORT"), "{message}");
    let message = open_device("abacus").expect_err("no device").to_string();
    assert!(message.contains("remote:HOST:PORT"), "{message}");
    assert!(!available_devices().contains(&"remote"));
}

#[test]
fn a_port_where_nobody_listens_is_an_error_at_once() {
    let (listener, name) = listener();
    drop(listener);
    let local = name.replace("127.0.0.1", "localhost");
    for name in [name.as_str(), local.as_str(), "remote:[::1]:1"] {
        let began = Instant::now();
        let error = open_device(name).expect_err("no server");
        assert!(matches!(error, TatiError::DeviceNotFound { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        // Burn alone would try for 15 seconds.
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let (_listener, name) = listener();
    let message = open_device(&name).expect_err("no server").to_string();
    assert!(
        message.contains(&name) && message.contains("no Burn server answers"),
        "{message}"
    );
}
