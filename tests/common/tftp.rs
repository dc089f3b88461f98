//! A small TFTP read client (RFC 1350, 2347, 2348, 2349, 7440), strict and repeatable.
//!
//! curl cannot send every name a boot program sends (a trailing 0xFF, control bytes) nor
//! drop a transfer the way a boot ROM does, and a test wants one client per loopback
//! address, many at once, in one process. Strict, because the client is also a witness:
//! a server that announces one size and delivers another has failed the boot.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// What a lost packet costs. Boot managers wait 3 s; on loopback nothing is lost unless
/// a buffer overflows, so a test need not be that patient.
const SILENCE: Duration = Duration::from_secs(1);
/// RFC 1350: the block size where nothing else was agreed.
const PLAIN_BLOCK: usize = 512;
/// No UDP packet is larger.
const LARGEST_PACKET: usize = 65535;

const READ_REQUEST: u16 = 1;
const DATA: u16 = 3;
const ACKNOWLEDGE: u16 = 4;
const ERROR: u16 = 5;
const OPTIONS: u16 = 6;

const FILE_NOT_FOUND: u16 = 1;
const UNKNOWN_TRANSFER: u16 = 5;
const OPTION_REFUSED: u16 = 8;

/// One client of one server: what it asks with, for any number of files.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) server: SocketAddr,
    /// The address the server sees.
    pub(crate) from: IpAddr,
    pub(crate) blksize: Option<u16>,
    pub(crate) windowsize: Option<u16>,
    /// Whether the size is asked for; what the server then announces is checked.
    pub(crate) tsize: bool,
    /// For the whole transfer, however often packets are repeated.
    pub(crate) deadline: Duration,
}

/// How a transfer ends when not with the file.
#[derive(Debug)]
pub(crate) enum TftpError {
    /// The server answered with an ERROR packet.
    Refused { code: u16, message: String },
    /// No answer at all within the deadline.
    Silent,
    /// The server answered something that no client could work with.
    Protocol(String),
    /// The client's own side failed.
    Io(io::Error),
}

impl Transfer {
    /// As Windows boot programs ask: blocks of 1456 bytes, with the size, no window.
    pub(crate) fn new(server: SocketAddr, from: impl Into<IpAddr>) -> Self {
        Self {
            server,
            from: from.into(),
            blksize: Some(1456),
            windowsize: None,
            tsize: true,
            deadline: Duration::from_secs(20),
        }
    }

    /// As the oldest ROMs ask: RFC 1350 and no option.
    pub(crate) fn without_options(mut self) -> Self {
        (self.blksize, self.windowsize, self.tsize) = (None, None, false);
        self
    }

    pub(crate) fn blksize(mut self, bytes: u16) -> Self {
        self.blksize = Some(bytes);
        self
    }

    pub(crate) fn windowsize(mut self, blocks: u16) -> Self {
        self.windowsize = Some(blocks);
        self
    }

    pub(crate) fn tsize(mut self, ask: bool) -> Self {
        self.tsize = ask;
        self
    }

    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The whole file. The name goes out byte for byte as it is given.
    pub(crate) fn get(&self, name: &[u8]) -> Result<Vec<u8>, TftpError> {
        let (file, _) = self.receive(name, |_| true)?;
        file.checked()
    }

    /// The first bytes of a file, which is longer: `each` gets them as they come, and the
    /// transfer is dropped behind them.
    pub(crate) fn first(
        &self,
        name: &[u8],
        most: usize,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), TftpError> {
        let mut left = most;
        let (_, mut exchange) = self.receive(name, |bytes| {
            bytes.truncate(left);
            each(bytes);
            left -= bytes.len();
            bytes.clear();
            left > 0
        })?;
        if left > 0 {
            return Err(broken(format!("the file ended {left} bytes too early")));
        }
        Ok(exchange.abandon(0, "enough")?)
    }

    /// The whole file: `each` gets its bytes as they come.
    pub(crate) fn pieces(&self, name: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), TftpError> {
        let kept = self.receive(name, |bytes| {
            each(bytes);
            bytes.clear();
            true
        });
        kept.map(drop)
    }

    /// Receives until the file is complete, or until `goes_on` says of the bytes that have
    /// come that they are enough. What it takes away of them is not kept.
    fn receive(
        &self,
        name: &[u8],
        mut goes_on: impl FnMut(&mut Vec<u8>) -> bool,
    ) -> Result<(Incoming, Exchange), TftpError> {
        let mut exchange = Exchange::begin(self, &self.read_request(name)?)?;
        let mut file = Incoming::new(Agreed::default());
        while !file.complete {
            match exchange.receive()? {
                Packet::Options(answer) if file.next == 1 => {
                    file.agreed = self.agree(&answer)?;
                    exchange.acknowledge(0)?;
                }
                // The server repeats itself, as it may: it has its answer or will get it.
                Packet::Options(_) => {}
                Packet::Data { block, bytes } => {
                    let acknowledged = file.take(block, &bytes)?;
                    if !goes_on(&mut file.bytes) {
                        break;
                    }
                    if let Some(acknowledged) = acknowledged {
                        exchange.acknowledge(acknowledged)?;
                    }
                }
            }
        }
        Ok((file, exchange))
    }

    /// The size only, the way boot programs ask for it before the file itself: the
    /// transfer is dropped with an ERROR of code 8 as soon as the server has said it.
    pub(crate) fn size(&self, name: &[u8]) -> Result<u64, TftpError> {
        self.size_then_drop(name, OPTION_REFUSED, "User aborted the transfer")
    }

    /// As [`Transfer::size`], dropped as the Windows boot managers do: code 0.
    pub(crate) fn size_code0(&self, name: &[u8]) -> Result<u64, TftpError> {
        self.size_then_drop(name, 0, "TFTP Aborted")
    }

    fn size_then_drop(&self, name: &[u8], code: u16, why: &str) -> Result<u64, TftpError> {
        let asking = self.clone().tsize(true);
        let mut exchange = Exchange::begin(&asking, &asking.read_request(name)?)?;
        let first = exchange.receive()?;
        exchange.abandon(code, why)?;
        match first {
            Packet::Options(answer) => asking
                .agree(&answer)?
                .size
                .ok_or_else(|| broken("the options were accepted without the size")),
            Packet::Data { .. } => Err(broken("data instead of the size that was asked for")),
        }
    }

    fn read_request(&self, name: &[u8]) -> Result<Vec<u8>, TftpError> {
        if name.contains(&0) {
            let told = "a NUL ends the name in a TFTP request, it cannot be part of it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, told).into());
        }
        let mut request = READ_REQUEST.to_be_bytes().to_vec();
        request.extend_from_slice(name);
        request.extend_from_slice(b"\0octet\0");
        for (option, value) in self.options() {
            request.extend_from_slice(format!("{option}\0{value}\0").as_bytes());
        }
        Ok(request)
    }

    fn options(&self) -> Vec<(&'static str, u16)> {
        let size = self.tsize.then_some(0);
        [
            ("tsize", size),
            ("blksize", self.blksize),
            ("windowsize", self.windowsize),
        ]
        .into_iter()
        .filter_map(|(option, value)| Some((option, value?)))
        .collect()
    }

    /// What the server made of the options. It may leave some out and lower two of
    /// them; anything else would leave both sides with different ideas of a block.
    fn agree(&self, answer: &[(String, u64)]) -> Result<Agreed, TftpError> {
        let mut agreed = Agreed::default();
        for (option, value) in answer {
            let (value, asked) = (*value, option.to_ascii_lowercase());
            match asked.as_str() {
                "tsize" if self.tsize => agreed.size = Some(value),
                "blksize" => agreed.block = lowered(option, value, self.blksize)?,
                "windowsize" => agreed.window = lowered(option, value, self.windowsize)?,
                _ => return Err(broken(format!("option {option} was never asked for"))),
            }
        }
        Ok(agreed)
    }
}

/// An option's value that the server may lower but not raise.
fn lowered(option: &str, value: u64, asked: Option<u16>) -> Result<usize, TftpError> {
    asked
        .map(usize::from)
        .zip(usize::try_from(value).ok())
        .filter(|(asked, value)| (1..=*asked).contains(value))
        .map(|(_, value)| value)
        .ok_or_else(|| broken(format!("{option}={value} where {asked:?} was asked for")))
}

/// What both sides go by.
#[derive(Debug)]
struct Agreed {
    block: usize,
    window: usize,
    size: Option<u64>,
}

impl Default for Agreed {
    fn default() -> Self {
        Self {
            block: PLAIN_BLOCK,
            window: 1,
            size: None,
        }
    }
}

/// A file on its way: which block comes next, and when it has to be acknowledged.
#[derive(Debug)]
struct Incoming {
    agreed: Agreed,
    bytes: Vec<u8>,
    /// Wraps to 0 behind 65535, as all common servers and boot programs have it.
    next: u16,
    unacknowledged: usize,
    /// A gap has been reported; once is enough, or each block that was already under
    /// way would make the server begin the window anew.
    gap: bool,
    complete: bool,
}

impl Incoming {
    fn new(agreed: Agreed) -> Self {
        Self {
            agreed,
            bytes: Vec::new(),
            next: 1,
            unacknowledged: 0,
            gap: false,
            complete: false,
        }
    }

    /// Takes a block and says which number to acknowledge now, if any.
    fn take(&mut self, block: u16, bytes: &[u8]) -> Result<Option<u16>, TftpError> {
        if bytes.len() > self.agreed.block {
            let (got, most) = (bytes.len(), self.agreed.block);
            return Err(broken(format!("{got} bytes in a block of at most {most}")));
        }
        if block != self.next {
            return Ok(self.out_of_turn(block));
        }
        self.bytes.extend_from_slice(bytes);
        self.next = self.next.wrapping_add(1);
        self.gap = false;
        self.unacknowledged += 1;
        self.complete = bytes.len() < self.agreed.block;
        if !self.complete && self.unacknowledged < self.agreed.window {
            return Ok(None);
        }
        self.unacknowledged = 0;
        Ok(Some(block))
    }

    /// RFC 7440: a block too early means one was lost, and the server is told at once
    /// where to go on. An old block is a repetition and needs no answer of its own: what
    /// it waits for is either under way or repeated after the silence.
    fn out_of_turn(&mut self, block: u16) -> Option<u16> {
        let ahead = block.wrapping_sub(self.next) < 0x8000;
        if !ahead || self.gap {
            return None;
        }
        self.gap = true;
        self.unacknowledged = 0;
        Some(self.next.wrapping_sub(1))
    }

    fn checked(self) -> Result<Vec<u8>, TftpError> {
        let received = self.bytes.len() as u64;
        match self.agreed.size {
            Some(told) if told != received => Err(broken(format!(
                "{told} bytes announced, {received} bytes received"
            ))),
            _ => Ok(self.bytes),
        }
    }
}

/// What a server sends, errors apart.
#[derive(Debug)]
enum Packet {
    Data { block: u16, bytes: Vec<u8> },
    Options(Vec<(String, u64)>),
}

/// The two ports of one transfer, and what was said last, to say it again.
#[derive(Debug)]
struct Exchange {
    socket: UdpSocket,
    server: SocketAddr,
    /// The port that the server chose for this transfer, once it has answered.
    peer: Option<SocketAddr>,
    last: Vec<u8>,
    sent: Instant,
    begun: Instant,
    deadline: Duration,
    buffer: Vec<u8>,
}

impl Exchange {
    fn begin(transfer: &Transfer, request: &[u8]) -> io::Result<Self> {
        let now = Instant::now();
        let mut exchange = Self {
            socket: UdpSocket::bind((transfer.from, 0))?,
            server: transfer.server,
            peer: None,
            last: Vec::new(),
            sent: now,
            begun: now,
            deadline: transfer.deadline,
            buffer: vec![0; LARGEST_PACKET],
        };
        exchange.send(request)?;
        Ok(exchange)
    }

    fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        self.last = packet.to_vec();
        self.repeat()
    }

    fn repeat(&mut self) -> io::Result<()> {
        self.sent = Instant::now();
        let to = self.peer.unwrap_or(self.server);
        self.socket.send_to(&self.last, to).map(drop)
    }

    fn acknowledge(&mut self, block: u16) -> io::Result<()> {
        self.send(&packet(ACKNOWLEDGE, block, b""))
    }

    fn abandon(&mut self, code: u16, why: &str) -> io::Result<()> {
        self.send(&error_packet(code, why))
    }

    /// The next packet of this transfer. Silence is counted from what we sent, not from
    /// what came: a server that repeats itself every second would keep us quiet forever.
    fn receive(&mut self) -> Result<Packet, TftpError> {
        loop {
            let left = self.deadline.saturating_sub(self.begun.elapsed());
            if left.is_zero() {
                return Err(self.given_up());
            }
            let silence = SILENCE.saturating_sub(self.sent.elapsed()).min(left);
            if silence.is_zero() {
                self.repeat()?;
                continue;
            }
            if let Some(length) = self.receive_within(silence)? {
                return parse(self.buffer.get(..length).unwrap_or_default());
            }
        }
    }

    fn receive_within(&mut self, time: Duration) -> io::Result<Option<usize>> {
        self.socket.set_read_timeout(Some(time))?;
        match self.socket.recv_from(&mut self.buffer) {
            Ok((length, sender)) if self.is_ours(sender)? => Ok(Some(length)),
            Ok(_) => Ok(None),
            Err(error) if is_timeout(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first answer fixes the server's port. A repeated request can have started a
    /// second transfer: RFC 1350 tells that one to stop and goes on with the first.
    fn is_ours(&mut self, sender: SocketAddr) -> io::Result<bool> {
        if sender.ip() != self.server.ip() {
            return Ok(false);
        }
        let ours = *self.peer.get_or_insert(sender) == sender;
        if !ours {
            let stranger = error_packet(UNKNOWN_TRANSFER, "Unknown transfer ID");
            self.socket.send_to(&stranger, sender)?;
        }
        Ok(ours)
    }

    fn given_up(&self) -> TftpError {
        match self.peer {
            None => TftpError::Silent,
            Some(_) => broken(format!("begun, but not done after {:?}", self.deadline)),
        }
    }
}

fn packet(kind: u16, number: u16, rest: &[u8]) -> Vec<u8> {
    let mut packet = kind.to_be_bytes().to_vec();
    packet.extend_from_slice(&number.to_be_bytes());
    packet.extend_from_slice(rest);
    packet
}

fn error_packet(code: u16, why: &str) -> Vec<u8> {
    packet(ERROR, code, format!("{why}\0").as_bytes())
}

fn parse(packet: &[u8]) -> Result<Packet, TftpError> {
    let (kind, rest) = split_number(packet)?;
    if kind == OPTIONS {
        return parse_options(rest).map(Packet::Options);
    }
    let (number, rest) = split_number(rest)?;
    match kind {
        DATA => Ok(Packet::Data {
            block: number,
            bytes: rest.to_vec(),
        }),
        ERROR => Err(TftpError::Refused {
            code: number,
            message: text(rest.split(|byte| *byte == 0).next().unwrap_or_default()),
        }),
        _ => Err(broken(format!("packet of kind {kind} from a server"))),
    }
}

fn parse_options(bytes: &[u8]) -> Result<Vec<(String, u64)>, TftpError> {
    let mut fields = bytes
        .strip_suffix(b"\0")
        .unwrap_or(bytes)
        .split(|b| *b == 0);
    let mut options = Vec::new();
    while let Some(option) = fields.next() {
        let value = fields.next().map(text).unwrap_or_default();
        let number = value
            .parse()
            .map_err(|_| broken(format!("option {}={value:?}", text(option))))?;
        options.push((text(option), number));
    }
    Ok(options)
}

fn split_number(bytes: &[u8]) -> Result<(u16, &[u8]), TftpError> {
    bytes
        .split_first_chunk::<2>()
        .map(|(number, rest)| (u16::from_be_bytes(*number), rest))
        .ok_or_else(|| broken("a packet that ends before its header does"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

fn broken(what: impl Into<String>) -> TftpError {
    TftpError::Protocol(what.into())
}

impl TftpError {
    /// Whether the server said "no such file", which boot programs take for an answer
    /// and go on; most other codes make them repeat or stop.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == FILE_NOT_FOUND)
    }
}

impl fmt::Display for TftpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, message } => write!(out, "refused with code {code}: {message}"),
            Self::Silent => write!(out, "no answer within the deadline"),
            Self::Protocol(what) => write!(out, "not TFTP as agreed: {what}"),
            Self::Io(error) => write!(out, "{error}"),
        }
    }
}

impl Error for TftpError {}

impl From<io::Error> for TftpError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
