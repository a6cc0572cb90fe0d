//! Starting, scripting and stopping one sandbox.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::authority::{Authority, AuthorityError};
use crate::calls::{Call, Journal};
use crate::clevertap::CleverTap;
use crate::clock::Clock;
use crate::control::Gates;
use crate::door;
use crate::emulator::{Emulator, EmulatorError};
use crate::faults::{Fault, Matcher, Script};
use crate::gate::Gate;
use crate::google::{Google, random_hex};
use crate::world::World;

/// What to start with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether to start the SQL engine. Without it `BigQuery` answers about datasets and tables, lists rows that a
    /// test put in, and dry-runs a `SELECT` of literals; any other query is answered with 501.
    pub sql: bool,
    /// The project that exists from the start, with one dataset `shop`.
    pub project: String,
    /// Where `shop` lives.
    pub location: String,
    /// Whether HTTP/1.1 alone is spoken: what Google's Python client speaks, and what `CleverTap` was seen to.
    pub http1_only: bool,
    /// Whether the SQL engine's `FARM_FINGERPRINT` gives other numbers than Google's, a hundred times sooner: for many rows.
    pub quick_fingerprints: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sql: false,
            project: "acme-dw".into(),
            location: "EU".into(),
            http1_only: false,
            quick_fingerprints: false,
        }
    }
}

impl Options {
    /// With the SQL engine.
    pub fn with_sql() -> Self {
        Self {
            sql: true,
            ..Self::default()
        }
    }
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the sandbox could not make its certificate authority")]
    Authority(#[source] AuthorityError),
    #[error("the sandbox could not start its threads")]
    Threads(#[source] std::io::Error),
    #[error("the sandbox could not listen on loopback")]
    Listen(#[source] std::io::Error),
    #[error("the SQL engine did not start")]
    Emulator(#[source] EmulatorError),
}

#[derive(Debug, Default)]
struct Serving {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

/// Google and `CleverTap` on loopback. Everything it started ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    world: Arc<World>,
    endpoint: String,
    address: SocketAddr,
    authority: Authority,
    serving: Mutex<Serving>,
    // Its own threads: a sandbox serves whichever test runtime asks, and outlives the one that started it.
    runtime: Option<Runtime>,
}

impl Sandbox {
    /// Starts listening on a free loopback port.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let authority = Authority::new(options.http1_only).map_err(StartError::Authority)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let started = Self::start_on(&runtime, options, &authority).await;
        match started {
            Ok((world, address, serving)) => Ok(Self {
                world,
                endpoint: format!("https://{address}"),
                address,
                authority,
                serving: Mutex::new(serving),
                runtime: Some(runtime),
            }),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    async fn start_on(
        runtime: &Runtime,
        options: Options,
        authority: &Authority,
    ) -> Result<(Arc<World>, SocketAddr, Serving), StartError> {
        let emulator = if options.sql {
            let (project, quick) = (options.project.clone(), options.quick_fingerprints);
            let threads = runtime.handle().clone();
            let starting = runtime.spawn_blocking(move || Emulator::start(&project, quick, &threads));
            let started = starting.await.map_err(|error| StartError::Threads(error.into()))?;
            Some(started.map_err(StartError::Emulator)?)
        } else {
            None
        };
        let clock = Arc::new(Clock::default());
        let world = Arc::new(World {
            google: Google::new(Arc::clone(&clock), emulator, &options.project, &options.location),
            clock,
            journal: Journal::new(),
            script: Script::default(),
            clevertap: CleverTap::default(),
            gates: Gates::default(),
            control_token: random_hex(24),
            keep_bodies: AtomicBool::new(true),
        });
        let (address, serving) = open(runtime, authority, &world, None).await?;
        Ok((world, address, serving))
    }

    /// `https://127.0.0.1:PORT`, without a slash at the end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The certificate authority to trust, for this sandbox alone.
    pub fn authority_pem(&self) -> &str {
        &self.authority.pem
    }

    pub fn google(&self) -> &Google {
        &self.world.google
    }

    pub fn clevertap(&self) -> &CleverTap {
        &self.world.clevertap
    }

    /// The sandbox's time, which may be set wrong.
    pub fn clock(&self) -> &Clock {
        &self.world.clock
    }

    /// The value of the `x-sandbox-control` header that opens `/control/`.
    pub fn control_token(&self) -> &str {
        &self.world.control_token
    }

    /// Every call so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.world.journal.all()
    }

    /// Calls to a path, in which `*` stands for any run of characters.
    pub fn calls_to(&self, path: &str) -> Vec<Call> {
        let calls = self.world.journal.all();
        calls
            .into_iter()
            .filter(|call| crate::faults::glob(path, &call.path))
            .collect()
    }

    /// Whether request bodies are kept in [`Sandbox::calls`]; switch it off for load. On at first.
    pub fn keep_bodies(&self, keep: bool) {
        self.world.keep_bodies.store(keep, Ordering::Relaxed);
    }

    /// Puts a fault on the script. Of several that fit one call, the first put there is played.
    pub fn fault(&self, matcher: Matcher, fault: Fault) {
        self.world.script.fault(matcher, fault);
    }

    /// Makes matching calls wait before they are processed, until the gate lets them go.
    pub fn hold(&self, matcher: Matcher) -> Gate {
        self.world.script.hold(matcher, false)
    }

    /// Makes matching calls wait after they were processed, before they are answered.
    pub fn hold_answer(&self, matcher: Matcher) -> Gate {
        self.world.script.hold(matcher, true)
    }

    /// Takes every fault and gate off the script; calls that wait at a gate go on waiting for it.
    pub fn clear_faults(&self) {
        self.world.script.clear();
    }

    /// Stops listening: connections break and new ones are refused, as when a network cable is pulled.
    pub async fn go_offline(&self) {
        let serving = std::mem::take(&mut *self.serving());
        serving.stop.cancel();
        if let Some(task) = serving.task {
            let _ = task.await;
        }
    }

    /// Listens again, on the same port.
    pub async fn go_online(&self) -> Result<(), StartError> {
        self.go_offline().await;
        if let Some(runtime) = &self.runtime {
            let (_, serving) = open(runtime, &self.authority, &self.world, Some(self.address)).await?;
            *self.serving() = serving;
        }
        Ok(())
    }

    fn serving(&self) -> MutexGuard<'_, Serving> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens and serves on the sandbox's own threads.
async fn open(
    runtime: &Runtime,
    authority: &Authority,
    world: &Arc<World>,
    address: Option<SocketAddr>,
) -> Result<(SocketAddr, Serving), StartError> {
    let listening = runtime.spawn(door::listen(address)).await;
    let listener = listening
        .map_err(|error| StartError::Threads(error.into()))?
        .map_err(StartError::Listen)?;
    let address = listener.local_addr().map_err(StartError::Listen)?;
    let stop = CancellationToken::new();
    let tls = TlsAcceptor::from(Arc::clone(&authority.server));
    let task = runtime.spawn(door::serve(listener, tls, Arc::clone(world), stop.clone()));
    Ok((address, Serving { stop, task: Some(task) }))
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.serving().stop.cancel();
        self.world.google.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
