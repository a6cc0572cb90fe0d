"""The figures: how each is taken, and what its goal is."""

import re
import shutil
import statistics
import subprocess

import changing
import checking
from clients import Peer, Tapline, measure
from world import Sandbox

CEILING = 15
BATCH = 1_000
MIB = 1024 * 1024


def median(runs, of):
    return statistics.median(of(run) for run in runs)


def spread(runs, of):
    values = sorted(of(run) for run in runs)
    return [values[0], values[-1]]


class Bench:
    def __init__(self, rows, times, peers, quick, say):
        self.rows, self.times, self.quick, self.say = rows, times, quick, say
        self.sandbox = Sandbox()
        self.tapline = Tapline(self.sandbox)
        self.peers = []
        if peers:
            self.peers = [
                Peer(self.sandbox, "Google's Python client", "google_client.py"),
                Peer(self.sandbox, "dlt", "dlt_pipeline.py"),
            ]
        self.found = []

    def end(self):
        for one in [self.tapline, *self.peers]:
            one.end()
        self.sandbox.end()

    def add(self, figure, value, goal, met, **more):
        self.found.append({"figure": figure, "value": value, "goal": goal, "met": met, **more})
        self.say(f"  {figure}: {value} (goal {goal})")

    def once(self, client, **sink):
        """One run against a fresh sink: what the client used, and each upload as the sink saw it."""
        self.sandbox.sink(**sink)
        measured = client.run()
        sunk = self.sandbox.sunk()
        records = sum(one["records"] for one in sunk)
        if records != self.sandbox.rows:
            raise SystemExit(f"{client.name} brought {records} of {self.sandbox.rows} records.")
        return measured, sunk

    def several(self, client, times=None, **sink):
        return [self.once(client, **sink) for _ in range(times or self.times)]

    def throughput(self):
        """Rows per CPU-second and by the clock, against the peers; connections kept, then closed after each answer."""
        for close in [False, True]:
            self.sandbox.serve(self.rows)
            how = ", each connection closed" if close else ""
            ours = self.several(self.tapline, close=close)
            cpu = lambda run: self.rows / run[0].cpu
            clock = lambda run: self.rows / run[0].seconds
            row = {"rows": self.rows, "close": close}
            self.add(
                f"Tapline, rows per CPU-second{how}", f"{median(ours, cpu):,.0f}", "–", None,
                number=median(ours, cpu), spread=spread(ours, cpu), **row,
            )
            self.add(
                f"Tapline, rows per second{how}", f"{median(ours, clock):,.0f}", "–", None,
                number=median(ours, clock), spread=spread(ours, clock), **row,
            )
            threads = ours[0][0].threads
            self.found[-1]["threads"] = threads
            if not close:
                share = median(ours, lambda run: run[0].threads.get("ledger", 0.0) / run[0].cpu)
                self.add("Ledger, share of the client's CPU", f"{share:.1%}", "≤ 10 %", share <= 0.10, number=share)
                self.memory_of(ours, f"{self.rows:,} rows")
            for peer in self.peers:
                theirs = self.several(peer, times=self.peer_times, close=close)
                for words, of, goal in [
                    ("per CPU-second", cpu, 10 if close else 20), ("by the clock", clock, None if close else 10)
                ]:
                    times = median(ours, of) / median(theirs, of)
                    self.add(
                        f"{peer.name}, rows {words}{how}", f"{median(theirs, of):,.0f}: Tapline is {times:.1f} ×",
                        f"≥ {goal} ×" if goal else "–", times >= goal if goal else None,
                        number=median(theirs, of), times=times, spread=spread(theirs, of), **row,
                    )

    def memory_of(self, runs, what):
        peak = max(run[0].peak for run in runs)
        self.add(f"Peak resident memory, {what}", f"{peak / MIB:.1f} MiB", "≤ 64 MiB", peak <= 64 * MIB, number=peak)

    def memory(self):
        rows = self.rows if self.quick else 10 * self.rows
        self.sandbox.serve(rows)
        self.memory_of([self.once(self.tapline)], f"{rows:,} rows")

    def latency(self):
        """Records a second once all places are in use; the ramp to there is told beside it."""
        for latency in [0.2] if self.quick else [0.2, 1.0, 3.0]:
            for held in [0, 5]:
                places = CEILING - held
                seconds = 4 if self.quick else max(30, 12 * latency)
                # The ramp, then the time that is measured, in whole hundreds of thousands.
                rows = int((11 * 9.5 + seconds * places) / latency * BATCH)
                self.sandbox.serve(self.rows if self.quick else self.whole(rows))
                runs = self.several(self.tapline, times=1 if latency > 0.2 else min(self.times, 3), latency=latency, held=held)
                full = places * BATCH / latency
                steady = median(runs, lambda run: steady_rate(run[1], places))
                whole = median(runs, lambda run: whole_rate(run[1]))
                crowded = median(runs, lambda run: sum(one["status"] == 429 for one in run[1]) / len(run[1]))
                goal = 0.90 if held else 0.97
                what = f"{latency:g} s per upload" + (f", another sender holds {held} of 15" if held else "")
                more = {"number": steady, "whole": whole, "rows": self.sandbox.rows, "full": full}
                self.add(
                    f"Records/s at {what}", f"{steady:,.0f} = {steady / full:.1%} (ramp included {whole / full:.1%})",
                    f"≥ {goal:.0%} of {full:,.0f}", steady / full >= goal, **more,
                )
                if held:
                    self.add(f"Calls answered 429 at {what}", f"{crowded:.2%}", "< 1 %", crowded < 0.01, number=crowded)
                if latency == 3.0 and not held:
                    self.memory_of(runs, "3 s per upload")

    @staticmethod
    def whole(rows):
        """A number of rows that the server can make: beyond a million, whole millions."""
        unit = 1_000_000 if rows > 1_000_000 else 50_000
        return max(unit, -(-rows // unit) * unit)

    def fsyncs(self):
        """At 75 batches a second: 15 in flight, 0.2 s each."""
        if not shutil.which("strace"):
            return self.say("  fsyncs: skipped, there is no strace")
        rows = self.whole(300_000 if self.quick else 2_000_000)
        self.sandbox.serve(rows)
        self.sandbox.sink(latency=0.2)
        log = self.tapline.folder / "strace"
        command = ["strace", "-f", "--seccomp-bpf", "-ttt", "-e", "trace=fsync,fdatasync", "-o", str(log), *self.tapline.command]
        measure(command, self.tapline.environment)
        sunk = self.sandbox.sunk()
        calls = [float(time) for time in re.findall(r"^\d+ +([\d.]+) f(?:data)?sync\(", log.read_text(), re.M)]
        first, last = busy(sunk, CEILING) or (sunk[0]["arrived_us"], sunk[-1]["answered_us"])
        # The sink counts from its opening, the trace from 1970: the last call before the end is common to both.
        seconds = (sunk[-1]["answered_us"] - sunk[0]["arrived_us"]) / 1e6
        batches = len(sunk) / seconds
        window = [time for time in calls if calls[-1] - (sunk[-1]["answered_us"] - first) / 1e6 <= time <= calls[-1] - (sunk[-1]["answered_us"] - last) / 1e6]
        rate = len(window) / ((last - first) / 1e6)
        busy_batches = sum(first <= one["answered_us"] <= last for one in sunk) / ((last - first) / 1e6)
        self.add(
            f"fsyncs a second at {busy_batches:.0f} batches a second", f"{rate:.1f}", "≤ 20", rate <= 20,
            number=rate, calls=len(calls), batches=batches,
        )

    def changed(self):
        """One row in a hundred differs: what travels, and what BigQuery bills."""
        changing.changed(self)

    def check(self):
        """Test Connection on a slow line and a large dataset."""
        checking.check(self)


def busy(sunk, places):
    """From when every place was in use for the first time to the last time, in the sink's microseconds."""
    full = [one["arrived_us"] for one in sunk if one["in_flight"] >= places and one["status"] == 200]
    return (min(full), max(full)) if len(full) > 1 else None


def steady_rate(sunk, places):
    window = busy(sunk, places)
    if window is None:
        return 0.0
    first, last = window
    records = 0.0
    for one in sunk:
        # A call at the window's edge counts by as much of its time as lies within: of calls that take three seconds and come
        # in bunches, whole ones would make the figure a matter of where the window ends.
        within = min(one["answered_us"], last) - max(one["arrived_us"], first)
        if within > 0:
            records += one["records"] * within / (one["answered_us"] - one["arrived_us"])
    return records / ((last - first) / 1e6)


def whole_rate(sunk):
    seconds = (max(one["answered_us"] for one in sunk) - min(one["arrived_us"] for one in sunk)) / 1e6
    return sum(one["records"] for one in sunk) / seconds
