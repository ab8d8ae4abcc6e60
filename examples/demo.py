"""A demonstration on this machine: an agent, a master, and points in Whisper files.

Starts `lagent serve` and `lmaster scrape` on free loopback ports and prints live values until
Ctrl-C, then stops both. With `--for SECONDS` it stops by itself; the exit code is then 0 only if
points of at least ten sensors were stored.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fructosa_bridge.whisper.store import WhisperStore
from fructosa_exporter.sensors import SENSORS

NODE = "127-0-0-1"
MIN_SENSORS = 10
LIVE_SERIES = (
    ("CPU utilization", "fructosa_cpu_utilization_ratio.0", lambda value: f"{value:6.1%}"),
    ("memory used", "fructosa_memory_used_bytes", lambda value: f"{value / 2**30:6.2f} GiB"),
    ("/ used", "fructosa_filesystem_utilization_ratio.:", lambda value: f"{value:6.1%}"),
    ("scrape duration", "scrape_duration_seconds.all", lambda value: f"{value * 1e3:6.1f} ms"),
)
NEXT_STEPS = (
    ("docs/quick-start.md", "run both programs in the background, and add more nodes"),
    ("docs/install.md", "install them on a cluster"),
    ("docs/prometheus.md", "scrape lagent with an existing Prometheus"),
)


@contextmanager
def started(*command: str, log: Path) -> Iterator[subprocess.Popen]:
    """Run a program of this installation until the block ends; its output goes to *log*."""
    program = Path(sys.executable).with_name(command[0])
    # With a session of its own: Ctrl-C reaches only this script, which stops the programs in order.
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, *command[1:]], stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def logged_url(log: Path, process: subprocess.Popen) -> str:
    """Return the URL that a program logs once it listens; exit with its log if it fails."""
    for _ in range(200):
        if match := re.search(r"http://\S+", log.read_text()):
            return match[0]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"{log.stem} did not start. Its log:\n{log.read_text()}")


def points_by_sensor(store: WhisperStore, since_s: int) -> dict[str, int]:
    """Return the number of points that are in the store, of each sensor that has some."""
    now_s = int(time.time()) + 1
    counts: dict[str, int] = {}
    for name, sensor in SENSORS.items():
        queries = [f"{metric.name}{rest}" for metric in sensor.metrics for rest in ("", ".**.*")]
        paths = {path for query in queries for path in store.find(f"{NODE}.{query}")}
        counts[name] = sum(len(store.fetch(path, since_s, now_s)) for path in paths)
    return {name: count for name, count in counts.items() if count}


def live_line(store: WhisperStore, since_s: int) -> str:
    """Return the latest values of a few series as one line."""
    cells = []
    for label, series, text in LIVE_SERIES:
        path = f"{NODE}.{series}"
        points = store.fetch(path, since_s, int(time.time()) + 1) if store.find(path) else []
        cells.append(f"{label} {text(points[-1][1]) if points else '-':>8}")
    return "   ".join(cells)


def print_live_values(
    store: WhisperStore, began_s: float, seconds: float | None, interval: int
) -> None:
    """Print live values at each interval until *seconds* have passed, or until Ctrl-C."""
    try:
        while seconds is None or time.time() < began_s + seconds:
            left_s = interval if seconds is None else began_s + seconds - time.time()
            time.sleep(max(0.0, min(interval, left_s)))
            print(
                f"{time.time() - began_s:5.0f} s  {live_line(store, int(began_s) - 1)}", flush=True
            )
    except KeyboardInterrupt:
        print("\nStopping lmaster and lagent.")


def print_next_steps() -> None:
    """Print what to try after the demonstration."""
    lagent = os.path.relpath(Path(sys.executable).with_name("lagent"))
    print("\nWhat to try next:")
    for what, why in ((f"{lagent} sensors", "list what this machine can measure"), *NEXT_STEPS):
        print(f"  {what:<24}  {why}")


def main() -> int:
    """Run the demonstration; return its exit code."""
    parser = argparse.ArgumentParser(
        description="Monitor this machine for a while with lagent and lmaster."
    )
    parser.add_argument("--for", dest="seconds", type=float, help="stop after this many seconds")
    parser.add_argument(
        "--interval", type=int, default=2, help="scrape interval in seconds (default: 2)"
    )
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # a background job of a shell ignores SIGINT
        signal.signal(number, signal.default_int_handler)

    folder = Path(tempfile.mkdtemp(prefix="fructosa-demo-"))
    began_s = time.time()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        log = folder / "lagent.log"
        agent = stack.enter_context(started("lagent", "serve", "--port", "0", log=log))
        metrics_url = logged_url(log, agent)
        print(f"lagent exposes the metrics of this machine on {metrics_url}")
        node = re.search(r"//(.*)/", metrics_url)[1]
        log = folder / "lmaster.log"
        command = ["scrape", "--node", node, "--interval", str(arguments.interval)]
        command += ["--data", str(folder), "--port", "0"]
        master = stack.enter_context(started("lmaster", *command, log=log))
        status_url = logged_url(log, master)
        print(f"lmaster scrapes it every {arguments.interval} s into {folder}/whisper")
        print(f"\nOpen {status_url}node/{NODE} in a browser to see live plots.")
        print("Press Ctrl-C to stop.\n", flush=True)
        store = WhisperStore(folder / "whisper")
        print_live_values(store, began_s, arguments.seconds, arguments.interval)
        counts = points_by_sensor(store, int(began_s) - 1)
        print(f"\nStored {sum(counts.values())} points of {len(counts)} sensors:")
        print(", ".join(f"{name} {count}" for name, count in counts.items()))
        if len(counts) < MIN_SENSORS:
            print(f"Expected at least {MIN_SENSORS} sensors. The log of lmaster:")
            print(log.read_text())
    print_next_steps()
    return int(arguments.seconds is not None and len(counts) < MIN_SENSORS)


if __name__ == "__main__":
    sys.exit(main())
