//! A Burn server: served by this process, or by another one that this process starts.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use burn::server::{RemoteServer, WebSocketTransport};
use serde::{Deserialize, Serialize};
use tati::open_device;

use crate::support::{CommonOptions, Failure};

/// Set for a server that is to end with the process that started it.
const STARTED_BY_EXAMPLE: &str = "TATI_REMOTE_WALKERS";

/// What a server prints when it listens.
#[derive(Serialize, Deserialize)]
struct Listening {
    address: String,
}

/// Serves the device at `address` until Ctrl-C.
pub fn serve(options: &CommonOptions, address: SocketAddr) -> Result<(), Failure> {
    let device = open_device(&options.device)?;
    let listener = TcpListener::bind(address).map_err(|error| Failure::of(address, error))?;
    let bound = listener.local_addr();
    let bound = bound.map_err(|error| Failure::of(address, error))?;
    if !bound.ip().is_loopback() {
        eprintln!(
            "warning: whoever reaches {bound} can compute on this machine and read along: there is no authentication and no encryption"
        );
    }
    if std::env::var_os(STARTED_BY_EXAMPLE).is_some() {
        std::thread::spawn(|| {
            // Nobody writes: it ends with the other end of the pipe.
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(0);
        });
    }
    let listening = Listening {
        address: bound.to_string(),
    };
    options.print(&listening, || {
        format!("serving {} at {bound}, until Ctrl-C\n", options.device)
    })?;
    let transport = WebSocketTransport::from_listener(listener);
    let served = RemoteServer::new([device]).serve(transport);
    served.map_err(|error| Failure::of("serving", error))
}

/// A server in a process of its own, on loopback.
pub struct Server {
    process: Child,
    pub address: String,
}

impl Server {
    /// Starts one for the device called `device`, on a free port.
    pub fn start(device: &str) -> Result<Self, Failure> {
        let failed = |error| Failure::of("starting a server", error);
        let program = std::env::current_exe().map_err(failed)?;
        let mut process = Command::new(program)
            .args(["--json", "--serve", "127.0.0.1:0", "--device", device])
            .env(STARTED_BY_EXAMPLE, "1")
            // Burn's log would go to a pipe that nobody reads any more.
            .env("RUST_LOG", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(failed)?;
        }
        let mut server = Self {
            process,
            address: String::new(),
        };
        let listening: Listening = serde_json::from_str(&line)
            .map_err(|error| Failure::of("the server said nothing of its address", error))?;
        server.address = listening.address;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
