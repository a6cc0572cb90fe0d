"""What Test Connection costs where every answer takes its time and the dataset is large."""

import os
import statistics
import subprocess
import time

from clients import Tapline
from world import Sandbox, built, cores

LATENCY_MS = 100
TABLES = 50_000
WAVES = 3


def check(bench):
    """Three waves of calls, each side by side, whatever the number of tables."""
    tables = 500 if bench.quick else TABLES
    sandbox = Sandbox()
    tapline = Tapline(sandbox)
    try:
        for number in range(tables):
            sandbox.put(f"table_{number:05}", 1)
        sandbox.control("fault", {"fault": "delay", "ms": LATENCY_MS})
        before = len(sandbox.control("calls"))
        tested = [took(tapline, "test", "bench", *tapline.key) for _ in range(bench.times)]
        calls = (len(sandbox.control("calls")) - before) // bench.times
        # A command also starts and opens its store, which an open window has behind it.
        started = [took(tapline, "list") for _ in range(bench.times)]
    finally:
        tapline.end()
        sandbox.end()
    start = statistics.median(started)
    seconds = statistics.median(tested) - start
    over = seconds * 1000 - WAVES * LATENCY_MS
    bench.add(
        f"Test Connection, {LATENCY_MS} ms an answer, {tables:,} tables",
        f"{WAVES} × {LATENCY_MS} + {over:.0f} ms (and {start * 1000:.0f} to start)",
        f"≤ {WAVES} × {LATENCY_MS} + 50 ms", over <= 50, number=seconds, start=start,
    )
    bench.add(f"Calls of Test Connection, {tables:,} tables", str(calls), "≤ 10", calls <= 10, number=calls)


def took(tapline, *words):
    """Seconds by the clock."""
    _, client = cores()
    began = time.monotonic()
    done = subprocess.run(
        [built() / "tapline", "connections", *words], env=tapline.environment, capture_output=True, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, client),
    )
    seconds = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(f"tapline connections {words[0]} failed:\n{done.stdout}{done.stderr}")
    return seconds
