"""`python -m benchmarks.bridge.drawing`: a panel of the Cluster, as a real graphite-web draws it.

A sum over all nodes is asked for in two ways: over a series of each node, as dashboards elsewhere
do, and as lmaster tells it on its own page. Both draw an hour of points, ten seconds apart.
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
_OF_NODES = "sumSeries(cluster.*.fructosa_load_average.1)"
_OF_LMASTER = "sumSeries(cluster.*.fructosa_cluster_load_average.*)"


def filled(path: Path, now_s: int) -> bytes:
    """Return a Whisper file with an hour of points."""
    whisper.create(str(path), archives(_INTERVAL_S), 0, "average", sparse=True)
    points = [(now_s - at, float(at % 7)) for at in range(0, _HOUR_S, _INTERVAL_S)]
    whisper.update_many(str(path), points)
    return path.read_bytes()


def add(folder: Path, name: str, content: bytes) -> None:
    """Make the Whisper file of a series."""
    path = folder / f"{name.replace('.', '/')}.wsp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def seconds(web: str, target: str) -> float:
    """Return how long graphite-web takes to answer; infinity where it gives up."""
    taken_s = []
    for _ in range(_ROUNDS):
        began_s = time.monotonic()
        query = {"target": target, "from": "-1h", "format": "json", "maxDataPoints": "500"}
        answer = requests.get(f"{web}/render", params=query, timeout=120)
        taken_s.append(time.monotonic() - began_s if answer.ok else float("inf"))
    return min(taken_s)


def rows(graphite: Graphite, folder: Path) -> list[tuple[str, ...]]:
    """Return what each number of nodes takes."""
    content = filled(folder / "one.wsp", int(time.time()))
    whole, made, found = graphite.folder / "storage/whisper", 0, []
    add(whole, "cluster.head.fructosa_cluster_load_average.compute", content)
    for nodes in _NODES:
        for number in range(made, nodes):
            add(whole, f"cluster.node{number:05}.fructosa_load_average.1", content)
        made = nodes
        each_s, sums_s = (seconds(graphite.web_url, target) for target in (_OF_NODES, _OF_LMASTER))
        gave_up = each_s == float("inf")
        found.append(
            (
                f"{nodes:,}",
                "gives up" if gave_up else f"{each_s:.2f} s",
                f"{sums_s:.3f} s",
                "-" if gave_up else f"{sums_s / each_s:.3f}",
            )
        )
        print(f"{nodes} nodes measured", file=sys.stderr)
    return found


def main() -> int:
    """Measure, and print a table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if not (VENV / ".installed").exists():
        print("there is no Graphite here; make test installs it into .venv-graphite")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "graphite").mkdir()
        graphite = Graphite(folder / "graphite")
        try:
            head = ("nodes", "a series a node", "lmaster's sum", "ratio")
            print(table(head, rows(graphite, folder)))
        finally:
            graphite.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
