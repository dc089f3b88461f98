//! The page: what a running daemon says of itself, for a browser and for Prometheus.
//!
//! The only room with an async runtime: it runs in one thread of its own, `web`, and nothing
//! of it is seen outside. The daemon is asked in a few further threads, so that one slow
//! answer keeps nobody else waiting.
//!
//! Whoever asks comes from the network, and is no friend: connections, the time and size of
//! requests, and the questions that the daemon works on at once are bounded. There is no
//! password, and no encryption: who needs them puts a proxy before it.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `site.rs` | what is answered to which request |
//! | `guard.rs` | whose requests are answered at all |
//! | `reply.rs` | an answer, with what a browser may do with it |
//! | `page.html`, `page.css`, `page.js` | the page; built into the program |

mod guard;
mod reply;
mod site;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::io::Errno;
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use crate::status::Tells;
use site::Site;

/// How many connections there are at once; whoever comes then waits.
const MOST_CONNECTIONS: usize = 64;

/// How long a connection may go without a whole request. The page asks each second.
const SILENCE: Duration = Duration::from_secs(5);

/// How long one request may take, its body and its answer included.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection is kept for further requests.
const LIFE: Duration = Duration::from_secs(60);

/// The longest head of a request: browsers send what other programs on this machine have
/// them remember.
const LONGEST_HEAD: usize = 32 << 10;

/// How long it waits where no connection can be taken, for want of descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// Where the page is to be served, and what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// An address of this machine, and a port.
    pub address: SocketAddr,
    /// Whether images can be chosen there.
    pub may_write: bool,
}

/// A place that is taken, before there is anything to show.
#[derive(Debug)]
pub struct Taken {
    place: Place,
    listener: TcpListener,
}

/// A page that is served, as long as this lives.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Place {
    /// Takes the place. Whoever comes waits until there is a page.
    ///
    /// # Errors
    /// Why nobody can be heard there, and what to do.
    pub fn take(self) -> io::Result<Taken> {
        let listener = listen(self.address).map_err(|error| explained(self.address, &error))?;
        Ok(Taken {
            place: self,
            listener,
        })
    }
}

impl Taken {
    /// Serves the page and the metrics.
    ///
    /// # Errors
    /// Those of starting a thread.
    pub fn serve(self, daemon: Arc<dyn Tells>) -> io::Result<Web> {
        let address = self.listener.local_addr()?;
        let runtime = runtime()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(self.listener)?
        };
        let site = Arc::new(Site::new(daemon, self.place.may_write));
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("web".to_owned())
            .spawn(move || run(runtime, listener, site, stopped))?;
        announce(address, self.place.may_write);
        Ok(Web {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Web {
    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        drop(self.stop.take());
        // What a thread that panicked had to say it has said.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn explained(address: SocketAddr, error: &io::Error) -> io::Error {
    let next = match Errno::from_io_error(error) {
        Some(Errno::ADDRINUSE) => {
            "another program has this port (`ss -ltnp` says which): take another one, \
             --web 127.0.0.1:8070"
        }
        Some(Errno::ADDRNOTAVAIL) => {
            "no network card here has this address (`ip address` shows them): take \
             --web 127.0.0.1:8069"
        }
        Some(Errno::ACCESS) => {
            "ports below 1024 need CAP_NET_BIND_SERVICE: take another one, --web 127.0.0.1:8069"
        }
        Some(Errno::AFNOSUPPORT) => {
            "under systemd the unit must allow it: see \"A page, and metrics\" in the README"
        }
        _ => "take another address, --web 127.0.0.1:8069",
    };
    let what = format!("the page cannot be served at {address}: {error}\n  {next}");
    io::Error::new(error.kind(), what)
}

fn announce(address: SocketAddr, may_write: bool) {
    let may = if may_write {
        ", and may choose images there"
    } else {
        ""
    };
    tracing::info!("the page is at http://{address}/");
    if !address.ip().is_loopback() {
        let port = address.port();
        tracing::warn!(
            "whoever reaches {address} sees the page without a password{may}: put a proxy that asks \
             for one before it, or take --web 127.0.0.1:{port} and go there by \
             ssh -L {port}:127.0.0.1:{port}"
        );
    }
}

fn runtime() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .thread_name("web")
        .max_blocking_threads(site::MOST_QUESTIONS)
        .build()
}

/// Until the other end of `stopped` is gone; nothing is ever sent.
fn run(
    runtime: Runtime,
    listener: tokio::net::TcpListener,
    site: Arc<Site>,
    stopped: oneshot::Receiver<Infallible>,
) {
    runtime.spawn(accept(listener, site));
    let _ = runtime.block_on(stopped);
    // An answer that the daemon is still working on is waited for by nobody.
    runtime.shutdown_background();
}

async fn accept(listener: tokio::net::TcpListener, site: Arc<Site>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    // Whoever comes when all places are taken waits in the queue of the kernel.
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(attend(stream, site.clone(), place));
            }
            Err(_) => sleep_until(Instant::now() + BREATH).await,
        }
    }
}

/// Answers what comes over one connection, and ends it in good time.
async fn attend(stream: TcpStream, site: Arc<Site>, _place: OwnedSemaphorePermit) {
    let service = service_fn(|request| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(site.answer(request, PATIENCE).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .max_header_size(LONGEST_HEAD)
        .max_buf_size(2 * LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // How a connection ends, well or badly, is the other side's business.
    if timeout(LIFE, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(PATIENCE, connection).await;
    }
}
