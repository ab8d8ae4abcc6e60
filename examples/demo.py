"""A demonstration on this machine: an agent, a master, and points in Whisper files.

Starts `lagent serve` and `lmaster scrape` on free loopback ports and prints live values until
Ctrl-C, then stops both. They read only the two configuration files below, neither those of the
machine nor the environment. With `--for SECONDS` it stops by itself; the exit code is then 0 only
if points of at least ten sensors were stored.
"""

import argparse
import getpass
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from pathlib import Path

from fructosa_bridge.whisper.store import WhisperStore
from fructosa_exporter.sensors import SENSORS

NODE = "127-0-0-1"
MIN_SENSORS = 10
LAGENT_CONF = """
[lagent]
host = 127.0.0.1
port = 0
"""
LMASTER_CONF = """
[lmaster]
host = 127.0.0.1
port = 0
data directory = {folder}
[Graphite]
whisper directory = {folder}/whisper
"""
# What of the environment the programs get: the rest can't change what they do.
KEPT = ("PATH", "LD_LIBRARY_PATH", "ROCM_PATH", "TZ")
# Columns of the live values: their titles, the series, and what a value looks like.
LIVE_SERIES = (
    ("CPU", "fructosa_cpu_utilization_ratio.0", "{:.1%}", 1),
    ("memory used", "fructosa_memory_used_bytes", "{:.2f} GiB", 2**-30),
    ("disk / used", "fructosa_filesystem_utilization_ratio.:", "{:.1%}", 1),
    ("scrape took", "scrape_duration_seconds.all", "{:.1f} ms", 1e3),
)
ROW = "{:>7}  {:>8}  {:>12}  {:>12}  {:>12}"
PAGE = """
Open this page in a browser to see live plots:

    {url}

If the browser is on another machine, run this there first, and leave it running:

    ssh -L {port}:127.0.0.1:{port} {login}

lagent and lmaster listen on the loopback address only. {end}
"""
NEXT_STEPS = (
    ("{bin}/lagent sensors", "list what this machine can measure"),
    ("{bin}/lagent read LoadAverage", "read one sensor"),
    ("docs/quick-start.md", "run both in the background, add nodes"),
    ("docs/install.md", "install them on a cluster"),
    ("docs/prometheus.md", "scrape lagent with your Prometheus"),
    ("docs/grafana.md", "see all nodes in your Grafana"),
)


@contextmanager
def started(*command: str, log: Path) -> Iterator[subprocess.Popen]:
    """Run a program of this installation until the block ends; its output goes to *log*."""
    program = Path(sys.executable).with_name(command[0])
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    # With a session of its own: Ctrl-C reaches only this script, which stops the programs in order.
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, *command[1:]],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
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


def live_values(store: WhisperStore, since_s: int) -> Iterator[str]:
    """Yield the latest values of the live series; those without points are "-"."""
    for _, series, text, factor in LIVE_SERIES:
        path = f"{NODE}.{series}"
        points = store.fetch(path, since_s, int(time.time()) + 1) if store.find(path) else []
        yield text.format(points[-1][1] * factor) if points else "-"


def print_live_values(
    store: WhisperStore, began_s: float, seconds: float | None, interval: int
) -> None:
    """Print live values at each interval until *seconds* have passed, or until Ctrl-C."""
    ends_s = inf if seconds is None else began_s + seconds
    print(ROW.format("time", *(title for title, *_ in LIVE_SERIES)))
    try:
        while (left_s := ends_s - time.time()) > 0.5:
            time.sleep(min(interval, left_s))
            values = live_values(store, int(began_s) - 1)
            print(ROW.format(f"{time.time() - began_s:.0f} s", *values), flush=True)
    except KeyboardInterrupt:
        print("\nStopping lmaster and lagent.")


def login() -> str:
    """Return how ssh reaches this machine from where the user sits: user and address."""
    with suppress(KeyError, OSError):  # of a user without a name
        connection = os.environ.get("SSH_CONNECTION", "").split()
        host = connection[2] if len(connection) == 4 else socket.gethostname()
        return f"{getpass.getuser()}@{host}"
    return socket.gethostname()


def print_page(status_url: str, seconds: float | None) -> None:
    """Print where the plots are, also for a browser on another machine."""
    url = f"{status_url}node/{NODE}"
    port = re.search(r":(\d+)/", status_url)[1]
    end = "Ctrl-C stops them." if seconds is None else f"They stop after {seconds:g} s."
    print(PAGE.format(url=url, port=port, login=login(), end=end), flush=True)


def print_counts(counts: dict[str, int]) -> None:
    """Print how many points of which sensors are stored."""
    print(f"\nStored {sum(counts.values())} points of {len(counts)} sensors:")
    text = ", ".join(f"{name}\xa0{count}" for name, count in counts.items())
    lines = textwrap.wrap(text, 78, initial_indent="  ", subsequent_indent="  ")
    print("\n".join(lines).replace("\xa0", " "))


def print_next_steps() -> None:
    """Print what to try after the demonstration."""
    programs = os.path.relpath(Path(sys.executable).parent)
    print("\nWhat to try next:")
    for what, why in NEXT_STEPS:
        print(f"  {what.format(bin=programs):<34}  {why}")


def run(folder: Path, seconds: float | None, interval: int) -> bool:
    """Run the demonstration with its files in *folder*; return whether points were stored."""
    began_s = time.time()
    with ExitStack() as stack:
        config, log = folder / "lagent.conf", folder / "lagent.log"
        config.write_text(LAGENT_CONF)
        agent = stack.enter_context(started("lagent", "serve", "-c", str(config), log=log))
        metrics_url = logged_url(log, agent)
        print(f"lagent measures this machine and serves {metrics_url}")

        config, log = folder / "lmaster.conf", folder / "lmaster.log"
        config.write_text(LMASTER_CONF.format(folder=folder))
        node = ("--node", re.search(r"//(.*)/", metrics_url)[1], "--interval", str(interval))
        command = ("lmaster", "scrape", "-c", str(config), *node)
        status_url = logged_url(log, stack.enter_context(started(*command, log=log)))
        print(f"lmaster scrapes it every {interval} s and writes to {folder}/whisper")
        print_page(status_url, seconds)

        store = WhisperStore(folder / "whisper")
        print_live_values(store, began_s, seconds, interval)
        counts = points_by_sensor(store, int(began_s) - 1)
        print_counts(counts)
        if len(counts) < MIN_SENSORS:
            print(f"Expected at least {MIN_SENSORS} sensors. The log of lmaster:")
            print(log.read_text())
    return len(counts) >= MIN_SENSORS


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

    try:
        base = tempfile.gettempdir()
    except FileNotFoundError as error:
        sys.exit(f"{error.strerror}; set TMPDIR to a folder that you can write")
    try:
        with tempfile.TemporaryDirectory(prefix="fructosa-demo-", dir=base) as folder:
            has_points = run(Path(folder), arguments.seconds, arguments.interval)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print_next_steps()
    return 0 if has_points or arguments.seconds is None else 1


if __name__ == "__main__":
    sys.exit(main())
