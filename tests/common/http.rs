//! A small HTTP/1.1 client: one request, one connection, from a chosen address.
//!
//! The source address is the point: servers know their clients by it, and so does the
//! mount behind them. Nothing is followed or interpreted; a test sees the status and
//! the bytes that the server sent.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// How long one connect, read or write may take. Far above what a loopback server
/// needs, so that it only ends what would never end.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// As sent, in order.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of the first header of this name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// GET of a path given as bytes; whatever a URL cannot carry is percent-encoded, so
/// `\Boot\BCD` goes out as `/%5CBoot%5CBCD`.
pub(crate) fn get(server: SocketAddr, from: IpAddr, path: &[u8]) -> io::Result<Reply> {
    request(server, from, "GET", &encode(path))
}

/// HEAD of a path: how UEFI firmware asks for a size before it downloads.
pub(crate) fn head(server: SocketAddr, from: IpAddr, path: &[u8]) -> io::Result<Reply> {
    request(server, from, "HEAD", &encode(path))
}

/// GET of a file too long to be kept: the body as it comes. `target` stands on the wire as
/// it is, and `patience` is for a read on a server that has many others to serve.
pub(crate) fn stream(
    server: SocketAddr,
    from: IpAddr,
    target: &str,
    patience: Duration,
) -> io::Result<impl Read> {
    let mut stream = connect(server, from)?;
    stream.set_read_timeout(Some(patience))?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = BufReader::new(stream);
    let status = parse_status(&read_line(&mut answer)?)?;
    let headers = read_headers(&mut answer)?;
    if status != 200 || find(&headers, "content-length").is_none() {
        return Err(malformed(format!("{status} {headers:?} for {target}")));
    }
    Ok(answer)
}

/// Reads until the buffer is full or the body ends: what a socket gives may be short.
pub(crate) fn fill(body: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest @ [_, ..]) = buffer.get_mut(length..) {
        match body.read(rest)? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// Any method, and the request target exactly as it shall stand on the wire.
pub(crate) fn request(
    server: SocketAddr,
    from: IpAddr,
    method: &str,
    target: &[u8],
) -> io::Result<Reply> {
    let mut message = format!("{method} ").into_bytes();
    message.extend_from_slice(target);
    let rest = format!(" HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    message.extend_from_slice(rest.as_bytes());
    exchange(connect(server, from)?, &message, method == "HEAD")
}

/// A request with headers and a body of its own. Where `headers` has no `Host`, it is the
/// server's address.
pub(crate) fn send(
    server: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let host = ("Host", &*server.to_string());
    let has_host = headers.iter().any(|(name, _)| *name == host.0);
    let mut message = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers.iter().chain((!has_host).then_some(&host)) {
        message.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        message.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let message = [message.as_bytes(), b"\r\n", body].concat();
    exchange(connect(server, server.ip())?, &message, method == "HEAD")
}

/// Bytes just as they are, right or wrong, and the first answer to them.
pub(crate) fn exchange(mut stream: TcpStream, message: &[u8], is_head: bool) -> io::Result<Reply> {
    stream.write_all(message)?;
    read_reply(&mut BufReader::new(stream), is_head)
}

/// The path as a request target: it begins with one `/`, separators stay, and every
/// byte that means something in a URL or must not stand in one becomes `%XX`.
pub(crate) fn encode(path: &[u8]) -> Vec<u8> {
    let mut target = Vec::with_capacity(path.len() + 8);
    if path.first() != Some(&b'/') {
        target.push(b'/');
    }
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte) {
            target.push(byte);
        } else {
            target.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    target
}

/// std can only connect from whatever address the routing table picks; on loopback
/// that is always 127.0.0.1, and every client would be the same one.
pub(crate) fn connect(server: SocketAddr, from: IpAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect_timeout(&server.into(), PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket.into())
}

fn read_reply(from: &mut impl BufRead, head: bool) -> io::Result<Reply> {
    let status = parse_status(&read_line(from)?)?;
    let headers = read_headers(from)?;
    let body = if head || matches!(status, 204 | 304) {
        Vec::new()
    } else {
        read_body(from, &headers)?
    };
    Ok(Reply {
        status,
        headers,
        body,
    })
}

fn parse_status(line: &str) -> io::Result<u16> {
    line.split(' ')
        .nth(1)
        .filter(|_| line.starts_with("HTTP/1."))
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| malformed(format!("not a status line: {line:?}")))
}

fn read_headers(from: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = read_line(from)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| malformed(format!("not a header: {line:?}")))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// Chunked, counted, or until the server closes, in the order HTTP/1.1 gives them. A
/// counted body that ends early is an error: it must not pass for a short file.
fn read_body(from: &mut impl BufRead, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    let coding = find(headers, "transfer-encoding").unwrap_or_default();
    if coding.eq_ignore_ascii_case("chunked") {
        return read_chunks(from);
    }
    match find(headers, "content-length").map(str::parse::<u64>) {
        Some(Ok(length)) => read_counted(from, length, &mut body)?,
        Some(Err(error)) => return Err(malformed(format!("Content-Length: {error}"))),
        None => {
            from.read_to_end(&mut body)?;
        }
    }
    Ok(body)
}

fn read_chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(from)?;
        // A chunk size may carry extensions behind a semicolon.
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = u64::from_str_radix(digits, 16)
            .map_err(|error| malformed(format!("chunk size {line:?}: {error}")))?;
        if length == 0 {
            read_headers(from)?;
            return Ok(body);
        }
        read_counted(from, length, &mut body)?;
        read_line(from)?;
    }
}

fn read_counted(from: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    let received = from.take(length).read_to_end(body)? as u64;
    if received == length {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("the server closed after {received} of {length} bytes"),
    ))
}

fn read_line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let text = String::from_utf8_lossy(&line);
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn find<'headers>(headers: &'headers [(String, String)], name: &str) -> Option<&'headers str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn malformed(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
