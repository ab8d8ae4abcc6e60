"""The nodes to scrape: pages of a real node_exporter, served by nginx on 127.1.x.y."""

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
_NODES_PER_GROUP = 250
# node_exporter is scraped this many times with a pause; each response has one of these pages.
_VARIANTS = 8
_PAUSE_S = 0.25
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
class NodeAddresses:
    """Nodes that are all on one port of this machine, each with its own address."""

    targets: int
    port: int

    @property
    def addresses(self) -> list[str]:
        """The addresses of the nodes."""
        return [
            f"127.1.{n // _NODES_PER_GROUP}.{n % _NODES_PER_GROUP + 1}" for n in range(self.targets)
        ]

    @property
    def node_set(self) -> str:
        """The addresses as a node set of ClusterShell."""
        groups, rest = divmod(self.targets, _NODES_PER_GROUP)
        parts = [f"127.1.{group}.[1-{_NODES_PER_GROUP}]" for group in range(groups)]
        return ",".join([*parts, f"127.1.{groups}.[1-{rest}]"] if rest else parts)


@dataclass(frozen=True)
class NodeFarm(NodeAddresses):
    """Nodes with *samples* samples each."""

    samples: int
    description: str

    def served(self) -> int:
        """Return how many requests nginx has served."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/served", timeout=5) as response:
            return int(response.read().split()[9])


@contextmanager
def farm(folder: Path, targets: int, samples: int) -> Iterator[NodeFarm]:
    """Serve *targets* nodes of *samples* samples each until the block ends."""
    if not NGINX.exists():
        raise CannotRun(
            f"{NGINX} is missing: apt-get install nginx-light "
            "(the benchmark starts its own, the service is not needed)"
        )
    folder.mkdir()
    description = _write_pages(folder, samples)
    with loopback_socket() as listening:
        port = listening.getsockname()[1]
        config = folder / "nginx.conf"
        # After a timeout a scraper reconnects before nginx has closed the old connection.
        connections = min(2 * targets + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
        shares = [f"        {100 / _VARIANTS:.2f}% {n};" for n in range(_VARIANTS - 1)]
        variants = "\n".join([*shares, f"        * {_VARIANTS - 1};"])
        config.write_text(
            _CONFIG.format(
                folder=folder,
                port=port,
                connections=connections,
                files=connections + 200,
                variants=variants,
                user="user root;" if os.geteuid() == 0 else "",  # only root can read the folder
            )
        )
        os.set_inheritable(listening.fileno(), True)
        # nginx takes over this socket as it does when it upgrades its own binary.
        environment = {**os.environ, "NGINX": f"{listening.fileno()};"}
        with (folder / "nginx.log").open("ab") as log:
            process = subprocess.Popen(
                [str(NGINX), "-p", str(folder), "-c", str(config)],
                env=environment,
                pass_fds=[listening.fileno()],
                stdout=log,
                stderr=log,
            )
    nodes = NodeFarm(targets, port, samples, description)
    try:
        _wait_until_serving(process, nodes, folder)
        yield nodes
    finally:
        process.terminate()
        process.wait()


def loopback_socket() -> socket.socket:
    """Return a socket that listens on a free port of all loopback addresses, and only there."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - only of the loopback interface
        listener.listen(4096)
    except OSError as error:
        listener.close()
        raise CannotRun(
            f"cannot listen on the interface lo: {error}; this needs root or Linux 5.7"
        ) from error
    return listener


def _wait_until_serving(process: "subprocess.Popen[bytes]", nodes: NodeFarm, folder: Path) -> None:
    deadline_s = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline_s:
        try:
            nodes.served()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log = folder / "nginx.log"
    output = log.read_text().strip() if log.exists() else ""
    raise CannotRun(f"nginx did not start; its log: {output}")


def _write_pages(folder: Path, samples: int) -> str:
    """Write the pages below *folder*; return a description of them."""
    pages = _node_exporter_pages()
    for number, page in enumerate(pages):
        text = of_size(page, samples).encode()
        (folder / str(number)).mkdir()
        (folder / str(number) / "metrics").write_bytes(text)
        (folder / str(number) / "metrics.gz").write_bytes(gzip.compress(text, 6))
    real = sum(len(family.samples) for family in families(pages[0]))
    size, packed = ((folder / "0" / name).stat().st_size for name in ("metrics", "metrics.gz"))
    how = (
        f"cut from {real}" if samples <= real else f"{real} real ones, repeated with another label"
    )
    return (
        f"{samples} samples per page ({how}), {size / 1e3:.1f} kB, {packed / 1e3:.1f} kB in gzip; "
        f"each scrape gets a random one of {_VARIANTS} versions of the page of one node_exporter"
    )


def _node_exporter_pages() -> list[str]:
    """Return several pages of this machine's node_exporter, scraped with a pause in between."""
    with node_exporter() as exporter:
        pages = []
        for _ in range(_VARIANTS):
            url = f"http://127.0.0.1:{exporter.port}/metrics"
            with urllib.request.urlopen(url, timeout=5) as response:
                pages.append(response.read().decode())
            time.sleep(_PAUSE_S)
    # Series may come and go (a new file system); keep only those that all pages have.
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
