//! What is answered to which request.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::guard;
use super::reply::{Refused, Reply, done, reply};
use crate::metrics;
use crate::name::visible;
use crate::status::{Status, Tells};

/// How many questions the daemon works on at once; further ones wait.
pub(super) const MOST_QUESTIONS: usize = 4;

/// How many clients the page shows.
const MOST_CLIENTS: usize = 200;

/// The longest body of a request, in bytes.
const LONGEST_BODY: usize = 4 << 10;

const JSON: &str = "application/json";

/// The answers to all requests.
pub(super) struct Site {
    daemon: Arc<dyn Tells>,
    may_write: bool,
    questions: Arc<Semaphore>,
}

/// What can be asked for.
enum Route {
    File(&'static str, &'static str),
    Status,
    Boots,
    Choose,
    Metrics,
}

/// A status, with what the page may do.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    status: Status,
    may_choose: bool,
}

/// A client is to have an image, or what the other rules say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    client: String,
    // So it has to be there: what was forgotten must not count as "none".
    #[serde(deserialize_with = "Option::deserialize")]
    image: Option<String>,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        let route = match path {
            "/" => Self::File("text/html; charset=utf-8", include_str!("page.html")),
            "/page.css" => Self::File("text/css; charset=utf-8", include_str!("page.css")),
            "/page.js" => Self::File("text/javascript; charset=utf-8", include_str!("page.js")),
            "/api/status" => Self::Status,
            "/api/boots" => Self::Boots,
            "/api/choose" => Self::Choose,
            "/metrics" => Self::Metrics,
            _ => return None,
        };
        Some(route)
    }

    fn check(&self, method: &Method) -> Result<(), Refused> {
        match (self, method) {
            (Self::Choose, &Method::POST) => Ok(()),
            (Self::Choose, _) => Err(Refused::method("POST")),
            (_, &Method::GET | &Method::HEAD) => Ok(()),
            (_, _) => Err(Refused::method("GET, HEAD")),
        }
    }
}

impl Site {
    pub(super) fn new(daemon: Arc<dyn Tells>, may_write: bool) -> Self {
        Self {
            daemon,
            may_write,
            questions: Arc::new(Semaphore::new(MOST_QUESTIONS)),
        }
    }

    /// The answer to a request, within this time.
    pub(super) async fn answer(&self, request: Request<Incoming>, patience: Duration) -> Reply {
        let (head, body) = request.into_parts();
        let answer = timeout(patience, self.find(&head, body)).await;
        let late = |_| {
            let why = "this took too long; look again before it is tried once more";
            Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, why))
        };
        answer.unwrap_or_else(late).unwrap_or_else(Reply::from)
    }

    async fn find(&self, head: &Parts, body: Incoming) -> Result<Reply, Refused> {
        let host = guard::host(head)?;
        let route = Route::of(head.uri.path())
            .ok_or_else(|| Refused::new(StatusCode::NOT_FOUND, "there is nothing of this name"))?;
        route.check(&head.method)?;
        match route {
            Route::File(media_type, text) => Ok(reply(media_type, text)),
            Route::Status => self.status().await,
            Route::Boots => self.boots(head.uri.query().unwrap_or_default()).await,
            Route::Metrics => self.metrics().await,
            Route::Choose => {
                self.may_choose(head, host)?;
                self.choose(whole(body).await?).await
            }
        }
    }

    async fn status(&self) -> Result<Reply, Refused> {
        let may_choose = self.may_write;
        let shown = move |daemon: &dyn Tells| {
            let status = daemon.status(MOST_CLIENTS);
            serde_json::to_vec(&Shown { status, may_choose })
        };
        written(self.ask(shown).await?)
    }

    async fn boots(&self, query: &str) -> Result<Reply, Refused> {
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        let client = parameters.find(|(name, _)| name == "client");
        let Some((_, client)) = client else {
            let why = "a client has to be named: /api/boots?client=10.0.7.5";
            return Err(Refused::new(StatusCode::BAD_REQUEST, why));
        };
        let client = client.into_owned();
        let boots = move |daemon: &dyn Tells| {
            let boots = daemon.boots(&client);
            boots.map(|boots| serde_json::to_vec(&boots))
        };
        let boots = self.ask(boots).await?.ok_or_else(|| {
            Refused::new(
                StatusCode::NOT_FOUND,
                "the journal has nothing of this client",
            )
        });
        written(boots?)
    }

    async fn metrics(&self) -> Result<Reply, Refused> {
        let text = |daemon: &dyn Tells| metrics::text(&daemon.status(usize::MAX));
        Ok(reply(metrics::MEDIA_TYPE, self.ask(text).await?))
    }

    fn may_choose(&self, head: &Parts, host: &str) -> Result<(), Refused> {
        if !self.may_write {
            let why = "images are not chosen here: winbootfs was started without --web-write";
            return Err(Refused::new(StatusCode::FORBIDDEN, why));
        }
        guard::own_page(head, host)?;
        guard::json(head)
    }

    async fn choose(&self, body: Bytes) -> Result<Reply, Refused> {
        let Choice { client, image } = serde_json::from_slice(&body).map_err(|error| {
            let why = format!(
                "{error}: a choice is {{\"client\": \"10.0.7.5\", \"image\": \"win11\"}}, or null for \
                 what the rules say"
            );
            Refused::new(StatusCode::BAD_REQUEST, why)
        })?;
        let choose = move |daemon: &dyn Tells| {
            daemon.choose(&client, image.as_deref())?;
            let client = visible(client.as_bytes());
            let image = image.as_deref().unwrap_or("what the other rules say");
            tracing::info!("chosen on the page: {client} gets {image}");
            Ok(())
        };
        let chosen: Result<(), String> = self.ask(choose).await?;
        chosen.map_err(|why| Refused::new(StatusCode::CONFLICT, why))?;
        Ok(done())
    }

    /// What the daemon says, in a thread that may wait for it.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Tells) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let failed = || {
            let why = "the daemon could not answer; its log says why";
            Refused::new(StatusCode::INTERNAL_SERVER_ERROR, why)
        };
        // Who gives up waits here, and not in the queue of the threads.
        let turn = self.questions.clone().acquire_owned().await;
        let turn = turn.map_err(|_| failed())?;
        let daemon = self.daemon.clone();
        let answer = spawn_blocking(move || {
            let _turn = turn;
            question(&*daemon)
        });
        answer.await.map_err(|_| failed())
    }
}

fn written(json: serde_json::Result<Vec<u8>>) -> Result<Reply, Refused> {
    match json {
        Ok(json) => Ok(reply(JSON, json)),
        Err(error) => Err(Refused::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            error.to_string(),
        )),
    }
}

async fn whole(body: Incoming) -> Result<Bytes, Refused> {
    let body = Limited::new(body, LONGEST_BODY).collect().await;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => Refused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is longer than {LONGEST_BODY} bytes"),
        ),
        false => Refused::new(StatusCode::BAD_REQUEST, "the body ended too early"),
    })?;
    Ok(body.to_bytes())
}
