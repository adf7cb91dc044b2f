//! The client's messages, cut out of the stream and looked at before the protocol library sees them: that stops
//! reading for good at the first one it cannot parse.

use serde_json::Value;
use tower_lsp_server::jsonrpc::{Request, Response};

/// A message longer than this is a mistake of the framing.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// A message's header has no more.
const MAX_HEADER: usize = 4096;
const END_OF_HEADER: &[u8] = b"\r\n\r\n";

/// Bytes in, messages out.
#[derive(Debug, Default)]
pub(super) struct Frames {
    raw: Vec<u8>,
    /// Up to here there is no end of a header.
    searched: usize,
    /// The length of the body at the start of `raw`, once its header is read.
    body: Option<usize>,
}

impl Frames {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
    }

    /// The next message that the library can parse, framed; those that it cannot are left out.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let length = match self.body {
                Some(length) => length,
                None => self.header()?,
            };
            if self.raw.len() < length {
                self.body = Some(length);
                return None;
            }
            self.body = None;
            let rest = self.raw.split_off(length);
            let body = std::mem::replace(&mut self.raw, rest);
            match understood(body) {
                Ok(body) => {
                    let mut message = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
                    message.extend(body);
                    return Some(message);
                }
                Err(error) => tracing::warn!(%error, "a message that is none"),
            }
        }
    }

    /// Takes headers off until one says a length. What is no header in front of one goes with it.
    fn header(&mut self) -> Option<usize> {
        loop {
            let from = self.searched.saturating_sub(END_OF_HEADER.len() - 1);
            let found =
                self.raw[from..].windows(END_OF_HEADER.len()).position(|bytes| bytes == END_OF_HEADER);
            let Some(end) = found.map(|at| from + at) else {
                if self.raw.len() > MAX_HEADER {
                    self.raw.drain(..self.raw.len() - MAX_HEADER);
                }
                self.searched = self.raw.len();
                return None;
            };
            let length = content_length(&self.raw[..end]);
            self.raw.drain(..end + END_OF_HEADER.len());
            self.searched = 0;
            match length {
                Some(length) if length <= MAX_BYTES => return Some(length),
                _ => tracing::warn!("a header without a length"),
            }
        }
    }
}

fn content_length(header: &[u8]) -> Option<usize> {
    let header = String::from_utf8_lossy(header);
    header.rsplit("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

/// The body as the library takes it. A response to a request that asks for nothing may lack its `result`, which the
/// library insists on.
fn understood(body: Vec<u8>) -> serde_json::Result<Vec<u8>> {
    // The library takes anything without a method for a request without a name.
    if serde_json::from_slice::<Request>(&body).is_ok_and(|request| !request.method().is_empty()) {
        return Ok(body);
    }
    let mut message: Value = serde_json::from_slice(&body)?;
    if let Some(response) = message.as_object_mut()
        && !response.contains_key("method")
        && response.get("error").is_none_or(Value::is_null)
    {
        response.remove("error");
        response.entry("result").or_insert(Value::Null);
    }
    let body = serde_json::to_vec(&message)?;
    serde_json::from_value::<Response>(message)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bodies that come out, however the bytes come in.
    fn bodies(stream: &str) -> Vec<String> {
        let read = |pieces: usize| {
            let (mut frames, mut bodies) = (Frames::default(), Vec::new());
            for piece in stream.as_bytes().chunks(pieces) {
                frames.push(piece);
                while let Some(message) = frames.next() {
                    let message = String::from_utf8(message).unwrap();
                    bodies.push(message.split_once("\r\n\r\n").unwrap().1.to_owned());
                }
            }
            bodies
        };
        let whole = read(usize::MAX);
        assert_eq!(read(1), whole);
        assert_eq!(read(7), whole);
        whole
    }

    fn framed(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn messages_pass_unchanged() {
        let open = r#"{"jsonrpc":"2.0","method":"m","params":{"b":"é𝄞","a":1}}"#;
        let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"b":1,"a":2}}"#;
        let error = r#"{"jsonrpc":"2.0","id":"x","error":{"code":-32601,"message":"no"}}"#;
        let stream = [open, answer, error].map(framed).concat();
        assert_eq!(bodies(&stream), [open, answer, error]);
        let typed = format!("content-type: x; charset=utf-8\r\n{}", framed(open));
        assert_eq!(bodies(&typed), [open]);
    }

    #[test]
    fn what_is_no_message_is_passed_over() {
        let good = r#"{"jsonrpc":"2.0","method":"m"}"#;
        let bad = [
            "hello",
            "[]",
            "{}",
            "3",
            "",
            r#"{"jsonrpc":"2.0","method":3}"#,
            r#"{"jsonrpc":"1.0","method":"m"}"#,
        ];
        for bad in bad {
            assert_eq!(bodies(&(framed(bad) + &framed(good))), [good], "{bad}");
        }
        assert_eq!(bodies(&format!("garbage\r\n{}", framed(good))), [good]);
        assert_eq!(bodies(&format!("X: 1\r\n\r\n{}", framed(good))), [good]);
        assert_eq!(bodies(&format!("Content-Length: 99999999999\r\n\r\n{}", framed(good))), [good]);
        assert_eq!(bodies(&format!("{}\r\n{}", "x".repeat(9000), framed(good))), [good]);
    }

    #[test]
    fn a_response_may_say_nothing() {
        let silent = r#"{"jsonrpc":"2.0","id":1}"#;
        let null = r#"{"jsonrpc":"2.0","id":1,"error":null}"#;
        let result = r#"{"jsonrpc":"2.0","id":1,"result":null}"#;
        assert_eq!(bodies(&(framed(silent) + &framed(null))), [result, result]);
    }
}
