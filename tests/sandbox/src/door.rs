//! The one TLS listener: takes calls in, records them, plays the script, and shows each to its vendor.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::ask::{self, Ask};
use crate::calls::{self, Call};
use crate::clevertap::OpenSink;
use crate::faults::Fault;
use crate::reply::{Body, Cut, Reply, Travel};
use crate::world::World;

/// Serves until told to stop; dropping the listener and the connections is part of stopping.
pub(crate) async fn serve(listener: TcpListener, tls: TlsAcceptor, world: Arc<World>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, tls.clone(), Arc::clone(&world)));
                }
                Err(_) => tokio::task::yield_now().await, // a connection that died while waiting
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Listens on a port of its own choosing, or again on one it had before.
pub(crate) async fn listen(address: Option<SocketAddr>) -> std::io::Result<TcpListener> {
    TcpListener::bind(address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))).await
}

async fn connection(stream: TcpStream, tls: TlsAcceptor, world: Arc<World>) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(move |request| answer(Arc::clone(&world), request));
    // An error here is a client that went away, or a cut on the script.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (head, body) = request.into_parts();
    if head.uri.path().starts_with("/control/") {
        let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
        let ask = ask_of(0, &head, body);
        return crate::control::answer(&world, &ask).await.into_response(Travel::Whole);
    }
    if let Some(sink) = world
        .clevertap
        .open_sink()
        .filter(|_| head.uri.path().ends_with("/1/upload"))
    {
        return sunk(&world, &sink, &head, body).await;
    }
    let mut call = world.journal.open(&head.method, &head.uri, head.version, &head.headers);
    let mut ask = ask_of(call.number, &head, Bytes::new());
    // Held from arrival until the answer is ready: these are the calls in flight.
    let slot = world.clevertap.arrive(&ask);
    ask.body = unpacked(&ask, body.collect().await.map_err(|_| Cut)?.to_bytes());
    call.body = calls::shown_body(head.uri.path(), &ask.body);
    if world.keep_bodies.load(Ordering::Relaxed) {
        world
            .journal
            .change(call.number, |known| known.body.clone_from(&call.body));
    }
    let outcome = played(&world, &ask, &call, slot.as_ref()).await;
    let status = outcome.as_ref().ok().map(|(reply, _)| reply.status);
    world.journal.close(call.number, status);
    let (reply, travel) = outcome?;
    let reply = if ask.takes_gzip() && travel == Travel::Whole {
        reply.gzipped()
    } else {
        reply
    };
    reply.into_response(travel)
}

/// An upload in front of a sink: past the journal and the script, which load would drown.
async fn sunk(world: &World, sink: &OpenSink, head: &Parts, body: Incoming) -> Result<Response<Body>, Cut> {
    let ask = ask_of(0, head, Bytes::new());
    let slot = world.clevertap.arrive(&ask);
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let reply = match &slot {
        Some(slot) => sink.answer(slot, &body).await,
        None => world.clevertap.answer(&ask, None),
    };
    reply.into_response(Travel::Whole)
}

/// Holds, faults and the vendor's own answer, in the order a script means them.
async fn played(
    world: &Arc<World>,
    ask: &Ask,
    call: &Call,
    slot: Option<&crate::clevertap::Slot>,
) -> Result<(Reply, Travel), Cut> {
    let came = Instant::now();
    let plan = world.script.plan(call);
    if let Some(fault) = &plan.fault {
        world
            .journal
            .change(call.number, |call| call.fault = Some(fault.name()));
    }
    for gate in &plan.before {
        gate.pass(call).await;
    }
    if plan.fault == Some(Fault::Refuse) {
        return Err(Cut);
    }
    let reply = match plan.fault.as_ref().and_then(Fault::instead) {
        Some(reply) => reply,
        None => routed(world, ask, slot).await,
    };
    for gate in &plan.after {
        gate.pass(call).await;
    }
    if let Some(delay) = plan.delay() {
        tokio::time::sleep(delay.saturating_sub(came.elapsed())).await;
    }
    Ok(match plan.fault {
        Some(Fault::CutAnswer) => return Err(Cut),
        Some(Fault::CutBody { after }) => (reply, Travel::CutAfter(after)),
        Some(Fault::Drip { bytes, every_ms }) => (
            reply,
            Travel::Drip {
                bytes,
                every: Duration::from_millis(every_ms),
            },
        ),
        Some(Fault::Malformed) => {
            let half = reply.body.slice(..reply.body.len() / 2);
            (
                Reply {
                    status: 200,
                    body: half,
                    ..reply
                },
                Travel::Whole,
            )
        }
        Some(Fault::ConnectionClose) => (reply.with("connection", "close"), Travel::Whole),
        _ => (reply, Travel::Whole),
    })
}

async fn routed(world: &Arc<World>, ask: &Ask, slot: Option<&crate::clevertap::Slot>) -> Reply {
    let reply = match ask.segments.first().map(String::as_str) {
        Some("clevertap") => return world.clevertap.answer(ask, slot),
        Some("token") => world.google.token(ask),
        Some("v1") => world.google.resource_manager(world, ask),
        Some("bigquery") => world.google.bigquery(world, ask).await,
        _ => Reply::text(
            404,
            "text/html; charset=UTF-8",
            "<title>Error 404 (Not Found)!!1</title>",
        ),
    };
    reply.with("date", world.clock.http_date())
}

fn ask_of(number: u64, head: &Parts, body: Bytes) -> Ask {
    Ask {
        number,
        method: head.method.clone(),
        segments: head.uri.path().split('/').skip(1).map(ask::decoded).collect(),
        query: ask::pairs(head.uri.query().unwrap_or_default()),
        headers: head.headers.clone(),
        body,
    }
}

fn unpacked(ask: &Ask, body: Bytes) -> Bytes {
    if ask.header("content-encoding") != Some("gzip") {
        return body;
    }
    let mut plain = Vec::new();
    match GzDecoder::new(&body[..]).read_to_end(&mut plain) {
        Ok(_) => plain.into(),
        Err(_) => body, // left as it came; the vendor will say that it is no JSON
    }
}
