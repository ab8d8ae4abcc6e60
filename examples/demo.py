"""The whole way on this machine: an agent, a master, and points in Graphite's format.

Starts `lagent serve` and `lmaster scrape` on free loopback ports, tells what arrives, and ends
both on Ctrl-C. With `--for SECONDS` it ends by itself: with exit code 0 only if points of at
least ten sensors are in the store.
"""

import argparse
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
LEAST_SENSORS = 10
SHOWN = (
    ("processors busy", "fructosa_cpu_utilization_ratio.0", lambda value: f"{value:6.1%}"),
    ("memory used", "fructosa_memory_used_bytes", lambda value: f"{value / 2**30:6.2f} GiB"),
    ("/ in use", "fructosa_filesystem_utilization_ratio.:", lambda value: f"{value:6.1%}"),
    ("a scrape", "scrape_duration_seconds.all", lambda value: f"{value * 1e3:6.1f} ms"),
)


@contextmanager
def started(*command: str, log: Path) -> Iterator[subprocess.Popen]:
    """Run a program of this installation until the block ends; its output goes to *log*."""
    program = Path(sys.executable).with_name(command[0])
    # In a session of its own: Ctrl-C reaches only this script, which ends the programs in order.
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


def url_in(log: Path, process: subprocess.Popen) -> str:
    """Return the URL that a program logs once it listens."""
    for _ in range(200):
        if found := re.search(r"http://\S+", log.read_text()):
            return found[0]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"{log.stem} did not start; it said:\n{log.read_text()}")


def sensors_with_points(store: WhisperStore, since_s: int) -> dict[str, int]:
    """Return how many points each sensor has in the store."""
    now_s = int(time.time()) + 1
    counts: dict[str, int] = {}
    for name, sensor in SENSORS.items():
        series = [f"{metric.name}{below}" for metric in sensor.metrics for below in ("", ".**.*")]
        paths = {path for one in series for path in store.find(f"{NODE}.{one}")}
        counts[name] = sum(len(store.fetch(path, since_s, now_s)) for path in paths)
    return {name: count for name, count in counts.items() if count}


def live_line(store: WhisperStore, since_s: int) -> str:
    """Return the newest values of a few series."""
    told = []
    for label, series, text in SHOWN:
        path = f"{NODE}.{series}"
        points = store.fetch(path, since_s, int(time.time()) + 1) if store.find(path) else []
        told.append(f"{label} {text(points[-1][1]) if points else '-':>8}")
    return "   ".join(told)


def wait_and_tell(
    store: WhisperStore, began_s: float, seconds: float | None, interval: int
) -> None:
    """Print live values until *seconds* are over, or Ctrl-C."""
    try:
        while seconds is None or time.time() < began_s + seconds:
            left_s = interval if seconds is None else began_s + seconds - time.time()
            time.sleep(max(0.0, min(interval, left_s)))
            print(
                f"{time.time() - began_s:5.0f} s  {live_line(store, int(began_s) - 1)}", flush=True
            )
    except KeyboardInterrupt:
        print("\nending")


def main() -> int:
    """Run the demonstration; return its exit code."""
    parser = argparse.ArgumentParser(description="Watch this machine for a while.")
    parser.add_argument("--for", dest="seconds", type=float, help="end after so many seconds")
    parser.add_argument("--interval", type=int, default=2, help="seconds between two scrapes")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    folder = Path(tempfile.mkdtemp(prefix="fructosa-demo-"))
    began_s = time.time()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        log = folder / "lagent.log"
        agent = stack.enter_context(started("lagent", "serve", "--port", "0", log=log))
        page = url_in(log, agent)
        print(f"lagent serves this machine's readings on {page}")
        node = re.search(r"//(.*)/", page)[1]
        log = folder / "lmaster.log"
        command = ["scrape", "--node", node, "--interval", str(arguments.interval)]
        command += ["--data", str(folder), "--port", "0"]
        master = stack.enter_context(started("lmaster", *command, log=log))
        status = url_in(log, master)
        print(f"lmaster scrapes it every {arguments.interval} s into {folder}/whisper")
        print(f"\nOpen {status}node/{NODE} in a browser. Ctrl-C ends.\n", flush=True)
        store = WhisperStore(folder / "whisper")
        wait_and_tell(store, began_s, arguments.seconds, arguments.interval)
        counts = sensors_with_points(store, int(began_s) - 1)
        print(f"\n{sum(counts.values())} points of {len(counts)} sensors are in the store:")
        print(", ".join(f"{name} {count}" for name, count in counts.items()))
    if len(counts) < LEAST_SENSORS:
        print(f"fewer than {LEAST_SENSORS} sensors: something is wrong")
    return int(arguments.seconds is not None and len(counts) < LEAST_SENSORS)


if __name__ == "__main__":
    sys.exit(main())
