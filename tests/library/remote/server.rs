//! A server in a process of its own, which can be killed.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use burn::server::{RemoteServer, WebSocketTransport};
use tati::open_device;

use crate::common::flex;

/// Set in the process that is the server.
const ROLE: &str = "TATI_TEST_SERVER";
const READY: &str = "listening on ";

pub struct Server {
    process: Child,
    /// What its device is opened by.
    pub name: String,
}

impl Server {
    /// Starts one that serves flex on a free port of loopback: this very binary with nothing but the test below.
    pub fn start() -> Self {
        let test = std::env::current_exe().expect("the path of this test");
        let mut process = Command::new(test)
            .args(["--exact", "--nocapture"])
            .arg("remote::server::a_server_process_has_a_device")
            .env(ROLE, "1")
            .env("RUST_LOG", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let output = process.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let name = lines.find_map(|line| Some(format!("remote:{}", line.strip_prefix(READY)?)));
        Self {
            process,
            name: name.expect("a server that listens"),
        }
    }

    /// Ends it as kill -9 does.
    pub fn kill(&mut self) {
        self.process.kill().expect("a running process");
        self.process.wait().expect("its end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_server_process_has_a_device() {
    if std::env::var_os(ROLE).is_some() {
        serve();
    }
    let server = Server::start();
    let device = open_device(&server.name).expect("a device");
    assert_ne!(device, flex());
    device.sync().expect("an answer");
}

/// Serves until the process that started this one is gone.
fn serve() -> ! {
    std::thread::spawn(|| {
        // Nobody writes: it ends with the other end of the pipe.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    // libtest may have begun a line.
    println!("\n{READY}{}", listener.local_addr().expect("an address"));
    let transport = WebSocketTransport::from_listener(listener);
    let served = RemoteServer::new([flex()]).serve(transport);
    panic!("the server ended: {served:?}");
}
