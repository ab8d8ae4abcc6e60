"""The nodes that are scraped: pages of a real node_exporter, served by nginx on 127.1.x.y."""

import gzip
import os
import resource
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.exporter.processes import CannotRun, node_exporter

from .pages import families, of_size

NGINX = Path("/usr/sbin/nginx")
_A_GROUP = 250
# So many looks at node_exporter, a part of a second apart; each scrape is answered by one of them.
_VARIANTS = 8
_APART_S = 0.25
_CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    types {{ }}
    default_type "text/plain; version=0.0.4; charset=utf-8";
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    tcp_nodelay on;
    open_file_cache max=100 inactive=1h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    split_clients "$request_id" $variant {{
{variants}
    }}
    server {{
        listen {port} backlog=4096;
        location = /metrics {{ root {folder}/$variant; gzip_static on; }}
        location = /served {{ stub_status; }}
    }}
}}
"""


@dataclass(frozen=True)
class Farm:
    """So many nodes, all on one port, each with an address of its own."""

    targets: int
    samples: int
    port: int
    what: str

    @property
    def addresses(self) -> list[str]:
        """Return the nodes' addresses."""
        return [f"127.1.{n // _A_GROUP}.{n % _A_GROUP + 1}" for n in range(self.targets)]

    @property
    def node_set(self) -> str:
        """Return the same as ClusterShell writes it."""
        groups, rest = divmod(self.targets, _A_GROUP)
        parts = [f"127.1.{group}.[1-{_A_GROUP}]" for group in range(groups)]
        return ",".join([*parts, f"127.1.{groups}.[1-{rest}]"] if rest else parts)

    def served(self) -> int:
        """Return how many requests nginx has answered."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/served", timeout=5) as answer:
            return int(answer.read().split()[9])


@contextmanager
def farm(folder: Path, targets: int, samples: int) -> Iterator[Farm]:
    """Serve *targets* nodes of *samples* samples each until the block ends."""
    if not NGINX.exists():
        raise CannotRun(
            f"{NGINX} is missing: apt-get install nginx-light "
            "(the benchmark starts it by itself, its service is not needed)"
        )
    folder.mkdir()
    what = _write_pages(folder, samples)
    with _socket() as listening:
        port = listening.getsockname()[1]
        config = folder / "nginx.conf"
        # A scraper that gave one up makes another connection before nginx has closed the first.
        most = min(2 * targets + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
        shares = [f"        {100 / _VARIANTS:.2f}% {n};" for n in range(_VARIANTS - 1)]
        variants = "\n".join([*shares, f"        * {_VARIANTS - 1};"])
        config.write_text(
            _CONFIG.format(
                folder=folder,
                port=port,
                connections=most,
                files=most + 200,
                variants=variants,
                user="user root;" if os.geteuid() == 0 else "",  # the folder is root's alone
            )
        )
        os.set_inheritable(listening.fileno(), True)
        # nginx takes over the socket as it does when it replaces its own program.
        environment = {**os.environ, "NGINX": f"{listening.fileno()};"}
        with (folder / "nginx.log").open("ab") as log:
            process = subprocess.Popen(
                [str(NGINX), "-p", str(folder), "-c", str(config)],
                env=environment,
                pass_fds=[listening.fileno()],
                stdout=log,
                stderr=log,
            )
    made = Farm(targets, samples, port, what)
    try:
        _wait(process, made, folder)
        yield made
    finally:
        process.terminate()
        process.wait()


def _socket() -> socket.socket:
    """Return a socket on a free port of all loopback addresses, and of no other interface."""
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        made.bind(("0.0.0.0", 0))  # noqa: S104 - of the loopback interface alone
        made.listen(4096)
    except OSError as error:
        made.close()
        raise CannotRun(
            f"can't listen on the interface lo: {error}; Linux 5.7 lets all do that"
        ) from error
    return made


def _wait(process: "subprocess.Popen[bytes]", made: Farm, folder: Path) -> None:
    until_s = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < until_s:
        try:
            made.served()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log = folder / "nginx.log"
    said = log.read_text().strip() if log.exists() else ""
    raise CannotRun(f"nginx does not serve; it said: {said}")


def _write_pages(folder: Path, samples: int) -> str:
    """Write the pages below *folder*; say what they are."""
    looks = _looks()
    for number, page in enumerate(looks):
        text = of_size(page, samples).encode()
        (folder / str(number)).mkdir()
        (folder / str(number) / "metrics").write_bytes(text)
        (folder / str(number) / "metrics.gz").write_bytes(gzip.compress(text, 6))
    real = sum(len(family.samples) for family in families(looks[0]))
    size, packed = ((folder / "0" / name).stat().st_size for name in ("metrics", "metrics.gz"))
    how = f"cut from {real}" if samples <= real else f"{real} real ones, repeated with a label more"
    return (
        f"{samples} samples a page ({how}), {size / 1e3:.1f} kB, {packed / 1e3:.1f} kB in gzip; "
        f"each scrape gets one of {_VARIANTS} looks at one node_exporter, by chance"
    )


def _looks() -> list[str]:
    """Return what this machine's node_exporter says, several times with a pause."""
    with node_exporter() as exporter:
        pages = []
        for _ in range(_VARIANTS):
            url = f"http://127.0.0.1:{exporter.port}/metrics"
            with urllib.request.urlopen(url, timeout=5) as answer:
                pages.append(answer.read().decode())
            time.sleep(_APART_S)
    # Series come and go by chance (a new file system); here all looks have the same ones.
    names = [{line.rpartition(" ")[0] for line in page.splitlines()} for page in pages]
    common = set.intersection(*names)
    return [
        "".join(
            f"{line}\n"
            for line in page.splitlines()
            if line.startswith("#") or line.rpartition(" ")[0] in common
        )
        for page in pages
    ]
