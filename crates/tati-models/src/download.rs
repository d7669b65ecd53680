//! One file over HTTP, with limits on time and size.

use std::path::Path;
use std::time::Duration;

use tati_core::{Result, TatiError};
use ureq::Agent;

/// A client that gives up on a silent network within seconds.
pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .timeout_resolve(Some(Duration::from_secs(5)))
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_recv_response(Some(Duration::from_secs(20)))
        .timeout_global(Some(Duration::from_secs(300)))
        .build()
        .new_agent()
}

/// The body behind `url`.
///
/// # Errors
/// [`TatiError::Format`] with the URL in place of a path: no answer, a status other than success, a body that is
/// cut short or larger than [`LARGEST_BODY`].
pub(crate) fn fetch(agent: &Agent, url: &str) -> Result<Vec<u8>> {
    let failed =
        |error: ureq::Error| TatiError::format(Path::new(url), one_line(&error.to_string()));
    let mut response = agent.get(url).call().map_err(failed)?;
    let length = response.body().content_length();
    let body = response
        .body_mut()
        .with_config()
        .limit(LARGEST_BODY)
        .read_to_vec()
        .map_err(failed)?;
    match length {
        Some(length) if length != body.len() as u64 => Err(TatiError::format(
            Path::new(url),
            format!("{} of {length} bytes arrived", body.len()),
        )),
        _ => Ok(body),
    }
}

/// MNIST's largest file has 10 MB as it is sent.
const LARGEST_BODY: u64 = 64 << 20;

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// An answer to one request.
    #[derive(Clone)]
    pub(crate) struct Answer {
        pub status: &'static str,
        /// The length that the header promises.
        pub length: usize,
        pub body: Vec<u8>,
    }

    impl Answer {
        pub(crate) fn complete(body: Vec<u8>) -> Self {
            Self {
                status: "200 OK",
                length: body.len(),
                body,
            }
        }

        pub(crate) fn not_found() -> Self {
            Self {
                status: "404 Not Found",
                ..Self::complete(b"no".to_vec())
            }
        }
    }

    /// A server on the loopback interface that gives `answer(path)` until the process ends; its URL with a
    /// slash at the end.
    pub(crate) fn serve(answer: impl Fn(&str) -> Answer + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                respond(stream.unwrap(), &answer);
            }
        });
        url
    }

    /// A client that ignores proxies meant for other hosts.
    pub(crate) fn local_agent() -> Agent {
        Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .new_agent()
    }

    fn respond(mut stream: TcpStream, answer: &impl Fn(&str) -> Answer) {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let request = lines.next().unwrap().unwrap();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        let Answer {
            status,
            length,
            body,
        } = answer(request.split(' ').nth(1).unwrap());
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        stream.write_all(&body).unwrap();
    }

    #[test]
    fn bodies_arrive_whole_or_not_at_all() {
        let url = serve(|path| match path {
            "/whole" => Answer::complete(b"0123456789".to_vec()),
            "/cut" => Answer {
                length: 100,
                ..Answer::complete(b"0123456789".to_vec())
            },
            _ => Answer::not_found(),
        });
        assert_eq!(
            fetch(&local_agent(), &format!("{url}whole")).unwrap(),
            b"0123456789"
        );
        for (path, reason) in [("cut", ""), ("missing", "404")] {
            let message = fetch(&local_agent(), &format!("{url}{path}"))
                .unwrap_err()
                .to_string();
            assert!(message.starts_with(&format!("{url}{path}: ")), "{message}");
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn nobody_listening_is_an_error() {
        let url = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            format!("http://{}/file", listener.local_addr().unwrap())
        };
        assert!(
            fetch(&local_agent(), &url)
                .unwrap_err()
                .to_string()
                .starts_with(&url)
        );
    }
}
