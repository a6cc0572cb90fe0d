"""The programs that are measured, each as a process of its own on the client's core."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from world import CACHE, PAGE_ROWS, PLAN, Sandbox, built, cores

REGIONS = {"in1": "india", "sg1": "singapore", "us1": "united-states", "aps3": "indonesia", "mec1": "uae", "eu": "europe"}


@dataclass
class Measured:
    seconds: float
    """By the clock, from start to end of the process."""
    cpu: float
    """user + sys of the process and of what it started."""
    peak: int
    """Peak resident memory, bytes."""
    threads: dict = field(default_factory=dict)
    """CPU seconds by thread name, up to the last look."""


def measure(command, environment) -> Measured:
    _, client = cores()
    started = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            preexec_fn=lambda: os.sched_setaffinity(0, client),
        )
        look = Look(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        look.end()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            words = said.read().decode(errors="replace")[-4000:]
            raise SystemExit(f"{Path(command[0]).name} ended with {process.returncode}:\n{words}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, look.peak, look.threads)


class Look:
    """Looks at a process from outside, fifty times a second. `ru_maxrss` would count what this script was before it
    became the client."""

    def __init__(self, pid):
        self.folder = Path(f"/proc/{pid}")
        self.peak, self._seen, self._ended = 0, {}, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self):
        while not self._ended.wait(0.02):
            try:
                status = (self.folder / "status").read_text()
                tasks = list((self.folder / "task").iterdir())
            except OSError:
                return
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    self.peak = max(self.peak, int(line.split()[1]) * 1024)
            for task in tasks:
                try:
                    on_cpu, _, _ = (task / "schedstat").read_text().split()
                    name = (task / "comm").read_text().strip()
                except OSError:
                    continue
                self._seen[task.name] = (name, int(on_cpu) / 1e9)

    @property
    def threads(self):
        sums = {}
        for name, seconds in self._seen.values():
            sums[name] = sums.get(name, 0.0) + seconds
        return sums

    def end(self):
        self._ended.set()
        self._thread.join()


class Tapline:
    """`tapline imports run` on a store of its own, on a real disk."""

    name = "Tapline"

    def __init__(self, sandbox: Sandbox, plan=PLAN):
        self.sandbox = sandbox
        self.folder = Path(tempfile.mkdtemp(prefix="store-", dir=CACHE))
        self.environment = {
            **os.environ,
            "TAPLINE_STORE": str(self.folder),
            "TAPLINE_ENDPOINT": sandbox.endpoint,
            "TAPLINE_CA": sandbox.authority,
        }
        self.key = ["--key", sandbox.told["key_path"]]
        self.passcode = ["--passcode-file", sandbox.told["clevertap"]["passcode_path"]]
        account = sandbox.account
        self._say("connections", "add", "--name", "bench", "--dataset", "shop", *self.key, "--keep-no-key")
        self._say(
            "accounts", "add", "--name", "bench", "--account-id", account["account_id"],
            "--region", REGIONS[account["region"]], *self.passcode, "--keep-no-passcode", "--no-test",
        )
        kept = self.folder / "plan.json"
        kept.write_text(json.dumps(plan))
        self._say("imports", "add", "--plan", str(kept))

    def _say(self, *words):
        done = subprocess.run([built() / "tapline", *words], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"tapline {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    @property
    def command(self):
        return [str(built() / "tapline"), "imports", "run", "bench", "--yes", *self.key, *self.passcode]

    def run(self) -> Measured:
        return measure(self.command, self.environment)

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Peer:
    def __init__(self, sandbox: Sandbox, name: str, program: str):
        self.name, self.program = name, Path(__file__).parent / "peers" / program
        self.folder = Path(tempfile.mkdtemp(prefix="peer-", dir=CACHE))
        told = sandbox.told
        self.environment = {
            **os.environ,
            "BENCH_ENDPOINT": sandbox.endpoint,
            "BENCH_AUTHORITY": sandbox.authority,
            "BENCH_KEY": told["key_path"],
            "BENCH_PROJECT": told["project"],
            "BENCH_LOCATION": told["location"],
            "BENCH_TABLE": f"{told['project']}.shop.people",
            "BENCH_PAGE_ROWS": str(PAGE_ROWS),
            "BENCH_ACCOUNT": json.dumps(sandbox.account),
            "BENCH_FOLDER": str(self.folder),
            "REQUESTS_CA_BUNDLE": sandbox.authority,
            "HOME": str(self.folder),
            "DLT_DATA_DIR": str(self.folder),
            "DLT_PROJECT_DIR": str(self.folder),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
        }

    def run(self) -> Measured:
        return measure([str(CACHE / "venv/bin/python"), str(self.program)], self.environment)

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)
