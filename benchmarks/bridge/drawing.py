"""`python -m benchmarks.bridge.drawing`: a panel of the dashboard Cluster, drawn by graphite-web.

It requests a sum over all nodes in two ways: from one series per node, as other dashboards do,
and from the cluster totals that lmaster writes. Both cover one hour with a point every ten seconds.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import requests
import whisper

from benchmarks.exporter.table import table
from fructosa_bridge.whisper.retentions import archives
from tests.integration.graphite import VENV, Graphite

_NODES = (100, 1000, 4000, 10_000)
_INTERVAL_S, _HOUR_S, _ROUNDS = 10, 3600, 3
_PER_NODE = "sumSeries(cluster.*.fructosa_load_average.1)"
_TOTAL = "sumSeries(cluster.*.fructosa_cluster_load_average.*)"


def whisper_file(path: Path, now_s: int) -> bytes:
    """Write a Whisper file with one hour of points to *path*; return its content."""
    whisper.create(str(path), archives(_INTERVAL_S), 0, "average", sparse=True)
    points = [(now_s - age_s, float(age_s % 7)) for age_s in range(0, _HOUR_S, _INTERVAL_S)]
    whisper.update_many(str(path), points)
    return path.read_bytes()


def add(folder: Path, name: str, content: bytes) -> None:
    """Write the Whisper file of the series *name* below *folder*."""
    path = folder / f"{name.replace('.', '/')}.wsp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def render_s(web_url: str, target: str) -> float:
    """Return how long graphite-web takes to render *target*; infinity if it fails."""
    times_s = []
    for _ in range(_ROUNDS):
        started_s = time.monotonic()
        query = {"target": target, "from": "-1h", "format": "json", "maxDataPoints": "500"}
        response = requests.get(f"{web_url}/render", params=query, timeout=120)
        times_s.append(time.monotonic() - started_s if response.ok else float("inf"))
    return min(times_s)


def rows(graphite: Graphite, folder: Path) -> list[tuple[str, ...]]:
    """Return a row of the table for each number of nodes."""
    content = whisper_file(folder / "one.wsp", int(time.time()))
    store, existing, measured = graphite.folder / "storage/whisper", 0, []
    add(store, "cluster.head.fructosa_cluster_load_average.compute", content)
    for nodes in _NODES:
        for number in range(existing, nodes):
            add(store, f"cluster.node{number:05}.fructosa_load_average.1", content)
        existing = nodes
        per_node_s, total_s = (render_s(graphite.web_url, target) for target in (_PER_NODE, _TOTAL))
        failed = per_node_s == float("inf")
        measured.append(
            (
                f"{nodes:,}",
                "fails" if failed else f"{per_node_s:.2f} s",
                f"{total_s:.3f} s",
                "-" if failed else f"{total_s / per_node_s:.3f}",
            )
        )
        print(f"{nodes} nodes measured", file=sys.stderr)
    return measured


def main() -> int:
    """Measure, and print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if not (VENV / ".installed").exists():
        print("Graphite is not installed; make test installs it into .venv-graphite")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "graphite").mkdir()
        graphite = Graphite(folder / "graphite")
        try:
            head = ("nodes", "one series per node", "lmaster's total", "ratio")
            print(table(head, rows(graphite, folder)))
        finally:
            graphite.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
