"""The other side of the bench: the sandbox on a core of its own, and what it is told."""

import http.client
import json
import os
import ssl
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "bench"
PAGE_ROWS = 10_000
# Pages are made from this many rows, and come round again where a run is longer.
MOST_MADE = 1_000_000
COLUMNS = [
    ("id", "STRING"), ("email", "STRING"), ("phone", "STRING"), ("name", "STRING"), ("city", "STRING"),
    ("orders", "INT64"), ("spent", "NUMERIC"), ("active", "BOOL"), ("born", "DATE"), ("seen", "TIMESTAMP"),
]
PLAN = {
    "version": 1, "nickname": "bench", "database": "bench", "account": "bench", "source": {"table": "people"},
    "records": "profiles", "identity": {"column": "id"},
    "properties": [
        {"column": "email", "name": "Email", "type": "string"},
        {"column": "phone", "name": "Phone", "type": "string"},
        {"column": "name", "name": "Name", "type": "string"},
        {"column": "city", "name": "City", "type": "string"},
        {"column": "orders", "name": "Orders", "type": "integer"},
        {"column": "spent", "name": "Spent", "type": "float"},
        {"column": "active", "name": "Active", "type": "boolean"},
        {"column": "born", "name": "Born", "type": "date"},
        {"column": "seen", "name": "Seen", "type": "date"},
    ],
}


def built() -> Path:
    """Where the programs are: of the release, unless this only shows that the bench works."""
    return Path(os.environ.get("BENCH_BUILT") or ROOT / "target" / "release")


def cores() -> tuple[set[int], set[int]]:
    """One core for the servers and for this script, another for the client; the same one where there is no other."""
    have = sorted(os.sched_getaffinity(0))
    return {have[0]}, {have[-1]}


class Sandbox:
    def __init__(self, sql=False):
        servers, _ = cores()
        os.sched_setaffinity(0, servers)
        how = ["--http1", "--quick-fingerprints"] if sql else ["--http1", "--no-sql"]
        self.process = subprocess.Popen([built() / "tapline-sandbox", *how], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.told = json.loads(self.process.stdout.readline())
        self.endpoint = self.told["endpoint"]
        self.authority = self.told["authority_pem_path"]
        account = self.told["clevertap"]
        self.account = {**account, "passcode": Path(account["passcode_path"]).read_text()}
        trust = ssl.create_default_context(cafile=self.authority)
        self._line = http.client.HTTPSConnection(self.endpoint.removeprefix("https://"), context=trust)
        self.rows = 0

    def control(self, path, body=None):
        headers = {"x-sandbox-control": self.told["control_token"]}
        self._line.request("GET" if body is None else "POST", f"/control/{path}", json.dumps(body), headers)
        answer = self._line.getresponse()
        said = json.loads(answer.read())
        if answer.status != 200:
            raise SystemExit(f"The sandbox would not {path}: {said}")
        return said

    def serve(self, rows):
        """Puts this many rows into `people`, and has the server compress their pages once."""
        if rows == self.rows:
            return
        self.put("people", rows)
        self.rows = rows

    def put(self, table, rows):
        """Makes up a table of so many rows."""
        made = min(rows, MOST_MADE)
        columns = [{"name": name, "type": kind} for name, kind in COLUMNS]
        self.control(
            "google/canned",
            {"dataset": "shop", "table": table, "columns": columns, "count": made, "rounds": rows // made},
        )

    def sink(self, latency=0.0, close=False, held=0):
        account = self.account["account_id"]
        self.control("clevertap/hold-slots", {"account_id": account, "places": held})
        self.control("clevertap/sink", {"sink": {"latency_ms": round(latency * 1000), "close": close}})

    def sunk(self):
        return self.control("sunk")

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)
