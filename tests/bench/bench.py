"""Takes the figures, prints a table, writes them as JSON. Run by `./x bench`."""

import argparse
import json
import os
import platform
import re
import time
from pathlib import Path

from figures import Bench
from world import CACHE

FIGURES = ["throughput", "memory", "latency", "fsyncs", "changed", "check"]


def number(text):
    scale = {"k": 1_000, "m": 1_000_000}.get(text[-1].lower())
    return int(text[:-1]) * scale if scale else int(text)


def asked():
    parser = argparse.ArgumentParser(prog="./x bench", description=__doc__)
    parser.add_argument("figures", nargs="*", choices=[[], *FIGURES], metavar="FIGURE", help=f"of {', '.join(FIGURES)}; all where none is named")
    parser.add_argument("--rows", type=number, default=1_000_000, help="such as 100k or 1m (1m)")
    parser.add_argument("--times", type=int, default=5, help="runs of which the median counts (5)")
    parser.add_argument("--peer-times", type=int, help="the same for the peers, where it is to be another number")
    parser.add_argument("--compared", type=number, default=1_000_000, help="rows for Changed rows, which the SQL engine must bear (1m)")
    parser.add_argument("--no-peers", action="store_true", help="Tapline alone")
    parser.add_argument("--quick", action="store_true", help="little of everything, to see that it works")
    parser.add_argument("--debug", action="store_true", help="with the development build: shows that the bench works, and no figure worth having")
    parser.add_argument("--json", type=Path, default=CACHE / "bench.json", help="where the figures go (.cache/bench/bench.json)")
    return parser.parse_args()


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "cpu": model.group(1) if model else platform.processor(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load": os.getloadavg(),
    }


def table(found):
    rows = [("Figure", "Found", "Goal", "")]
    rows += [(one["figure"], one["value"], one["goal"], {True: "met", False: "missed", None: ""}[one["met"]]) for one in found]
    wide = [max(len(row[place]) for row in rows) for place in range(4)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, wide)).rstrip() for row in rows]
    return "\n".join([lines[0], "-+-".join("-" * width for width in wide), *lines[1:]])


def main():
    ask = asked()
    CACHE.mkdir(parents=True, exist_ok=True)
    before = machine()
    started = time.time()
    bench = Bench(ask.rows, ask.times, not ask.no_peers, ask.quick, print)
    bench.compared = ask.compared
    bench.peer_times = ask.peer_times or ask.times
    try:
        for figure in ask.figures or FIGURES:
            print(f"{figure}:", flush=True)
            getattr(bench, figure)()
    finally:
        bench.end()
    print(f"\n{table(bench.found)}\n")
    whole = {"machine": before, "took_seconds": time.time() - started, "rows": ask.rows, "times": ask.times, "figures": bench.found}
    ask.json.write_text(json.dumps(whole, indent=1, ensure_ascii=False))
    print(f"{before['cpu']}, {before['cores']} cores; load before {before['load'][0]:.1f}. All figures: {ask.json}")


main()
