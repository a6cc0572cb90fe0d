//! The HTTP side: one door for commands, one stream of signals, and the levers that a test pulls.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Method, Request, Response, StatusCode, header, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tapline_api::wire::signal::Signal;
use tapline_api::{App, AppOptions, Host as _, Problem};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;

use crate::{page, script::Script};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// An app behind a loopback port.
pub struct Door {
    app: Arc<App>,
    script: Arc<Script>,
    token: String,
    ui: PathBuf,
    listener: TcpListener,
}

/// Starts an app, and takes a free port for it. Whoever has no token is refused.
pub async fn open(options: AppOptions, ui: PathBuf) -> Result<Door, Problem> {
    let script = Arc::new(Script::new());
    let app = App::start(options, script.clone()).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("loopback has a free port");
    let token = uuid::Uuid::new_v4().simple().to_string();
    Ok(Door {
        app,
        script,
        token,
        ui,
        listener,
    })
}

impl Door {
    /// The address of the start page, token and all.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address(), self.token)
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("a bound socket has an address")
    }

    /// Answers until the returned future is dropped.
    pub async fn serve(self) {
        let door = Arc::new(self);
        loop {
            let Ok((socket, _)) = door.listener.accept().await else {
                continue;
            };
            let door = Arc::clone(&door);
            tokio::spawn(async move {
                let answer = service_fn(|request| {
                    let door = Arc::clone(&door);
                    async move { Ok::<_, Infallible>(door.answer(request).await) }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), answer)
                    .await;
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if !self.may_enter(&request) {
            return plain(StatusCode::FORBIDDEN, "The token is missing.");
        }
        let path = request.uri().path().to_owned();
        match (request.method(), path.as_str()) {
            (&Method::GET, "/") => match page::index(&self.ui, &self.token) {
                Ok(page) => content("text/html; charset=utf-8", page),
                Err(_) => plain(
                    StatusCode::NOT_FOUND,
                    "The UI has not been built: npm --prefix ui run build",
                ),
            },
            (&Method::POST, "/call") => match json_body(request).await {
                Some(asked) => self.call(&asked).await,
                None => plain(StatusCode::BAD_REQUEST, "That is not JSON."),
            },
            (&Method::GET, "/signals") => self.signals(),
            (&Method::POST, lever) if lever.starts_with("/test/") => match json_body(request).await {
                Some(asked) => self.pull(lever, &asked).await,
                None => plain(StatusCode::BAD_REQUEST, "That is not JSON."),
            },
            (&Method::GET, address) => match page::file(&self.ui, address) {
                Some((path, kind)) => match tokio::fs::read(path).await {
                    Ok(bytes) => content(kind, bytes),
                    Err(_) => plain(StatusCode::NOT_FOUND, "There is no such file."),
                },
                None => plain(StatusCode::NOT_FOUND, "There is no such page."),
            },
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, "That is not asked here."),
        }
    }

    /// Files of the UI are no secret; everything else needs the token, and the address by which it was given out.
    fn may_enter(&self, request: &Request<Incoming>) -> bool {
        let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        if named != Some(self.address().to_string().as_str()) {
            return false;
        }
        let path = request.uri().path();
        let free = request.method() == Method::GET && path != "/" && path != "/signals";
        let in_header = request
            .headers()
            .get("x-tapline-token")
            .and_then(|token| token.to_str().ok());
        let in_address = request.uri().query().and_then(|query| query.strip_prefix("token="));
        free || in_header.or(in_address) == Some(self.token.as_str())
    }

    async fn call(&self, asked: &Value) -> Response<Body> {
        let name = asked["name"].as_str().unwrap_or_default();
        let reply = match self.app.call(name, asked["args"].clone()).await {
            Ok(reply) => json!({ "ok": reply }),
            Err(problem) => json!({ "problem": problem }),
        };
        content("application/json", reply.to_string())
    }

    fn signals(&self) -> Response<Body> {
        let signals = stream::unfold(self.script.listen(), |mut signals| async move {
            loop {
                match signals.recv().await {
                    Ok(signal) => {
                        let line = format!("data: {}\n\n", json!(signal));
                        return Some((Ok(Frame::data(Bytes::from(line))), signals));
                    }
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        // A comment at once, so that the page knows that the stream is open.
        let opening = stream::once(async { Ok(Frame::data(Bytes::from_static(b": open\n\n"))) });
        let body = StreamBody::new(opening.chain(signals));
        let mut response = Response::new(body.boxed_unsync());
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("text/event-stream"),
        );
        response
    }

    /// What a person would do outside the page: answer a dialog, drag a file.
    async fn pull(&self, lever: &str, asked: &Value) -> Response<Body> {
        let path = asked["path"].as_str().map(PathBuf::from);
        let reply = match (lever, path) {
            ("/test/answer", path) => {
                self.script.answer_next(path);
                json!({})
            }
            ("/test/drag", _) => {
                self.script
                    .signal(Signal::DragOver(asked["over"].as_bool().unwrap_or_default()));
                json!({})
            }
            ("/test/drop", Some(path)) => {
                self.script.signal(Signal::DragOver(false));
                self.app.key_dropped(path).await;
                json!({})
            }
            ("/test/links", _) => json!(self.script.links()),
            _ => return plain(StatusCode::NOT_FOUND, "There is no such lever."),
        };
        content("application/json", reply.to_string())
    }
}

async fn json_body(request: Request<Incoming>) -> Option<Value> {
    let bytes = request.into_body().collect().await.ok()?.to_bytes();
    serde_json::from_slice(&bytes).ok()
}

fn plain(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = content("text/plain; charset=utf-8", words);
    *response.status_mut() = status;
    response
}

fn content(kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let policy = page::policy().parse().expect("the policy is a header value");
    let mut response = Response::new(Full::new(body.into()).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}
