//! Devices of other machines, over Burn's remote backend, opened without a hang.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use burn::remote::RemoteHost;
use burn::tensor::Device;

use super::not_found;
use crate::{Result, TatiError};

/// How long a machine may take to accept a connection.
const KNOCK: Duration = Duration::from_secs(5);
/// How long a server may take to open a session. Burn would wait without end for one that says nothing.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Opens the device called `name` at `address`, HOST:PORT.
pub(super) fn open(name: &str, address: &str) -> Result<Device> {
    if !is_address(address) {
        return Err(TatiError::InvalidSetting {
            name: "device",
            value: name.to_string(),
            expected: "remote:HOST:PORT, with a port from 1 to 65535".to_string(),
        });
    }
    connect(address).map_err(|reason| not_found(name, reason))
}

/// A session with the server at `address`, or why there is none.
fn connect(address: &str) -> Result<Device, String> {
    // Burn tries again for a quarter of a minute where nobody listens.
    knock(address).map_err(|error| error.to_string())?;
    let host = RemoteHost::websocket(&format!("ws://{address}"));
    let (sender, answer) = mpsc::channel();
    thread::spawn(move || {
        let opened = Device::remote_options(&host).init();
        let opened = opened.map_err(|error| error.to_string());
        // A session that was open before may be over by now.
        let opened = opened.and_then(|device| match device.sync() {
            Ok(()) => Ok(device),
            Err(_) => Err("its connection broke before; start a new process".to_string()),
        });
        // Nobody is there to take what comes too late.
        let _ = sender.send(opened);
    });
    let answer = answer.recv_timeout(HANDSHAKE);
    answer.unwrap_or_else(|_| Err("no Burn server answers there".to_string()))
}

/// Whether `address` is a host name or an IP address, that of version 6 in brackets, and a port.
fn is_address(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match bracketed {
        Some(host) => host.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let is_part = |c: char| c.is_alphanumeric() || "-._".contains(c);
            !host.is_empty() && host.chars().all(is_part)
        }
    };
    is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Connects to `address` and hangs up.
fn knock(address: &str) -> io::Result<()> {
    let mut outcome = Err(io::Error::other("the host has no address"));
    for address in address.to_socket_addrs()? {
        outcome = TcpStream::connect_timeout(&address, KNOCK).map(drop);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
