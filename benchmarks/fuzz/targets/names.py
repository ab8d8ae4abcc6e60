"""Names: hosts, node sets, Slurm's host lists."""

from collections.abc import Iterable

from fructosa_bridge.naming.graphite_paths import node_part
from fructosa_bridge.nodes.node_sets import MAX_NODES, expand, fold
from fructosa_bridge.slurm_output.host_lists import MOST_NODES, node_names
from fructosa_service.config.kinds import ENDPOINT, HOST

from ..target import FuzzTarget, expect, repeated

_WORDS = (
    *(b"[1-9]", b"[001-128]", b"[0-9/2]", b"!", b"&", b"^", b"@", b",", b"n", b"-", b"99999999"),
    *(b"[", b"]", b"1-100000", b"%", b"::1%", b"$(id)", b"\r\n", b"\0", b".", b"0", b"[::1]:9888"),
)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _expanded(data: bytes) -> tuple[str, ...]:
    return expand(_text(data))


def _nodes_promises(data: bytes, result: object) -> None:
    if isinstance(result, ValueError):
        expect("\n" not in str(result), "a message is one line")
        return
    hosts = result if isinstance(result, tuple) else ()
    expect(0 < len(hosts) <= MAX_NODES, "a node set has at least one node, and not too many")
    if len(hosts) < 1000:
        expect(set(expand(fold(hosts))) == set(hosts), "a folded set has the same hosts")
        expect(all(HOST.parse(one) == one for one in hosts), "each node is a host")


def _host(data: bytes) -> str:
    text = _text(data)
    try:
        return HOST.parse(text)
    except ValueError:
        return str(ENDPOINT.parse(text))


def _host_promises(data: bytes, result: object) -> None:
    if not isinstance(result, str):
        return
    expect(result.isprintable() and result.isascii(), "a host is printable ASCII")
    expect(not set(result) & set(" \t/\\'\"`$;&|<>(){}*?!#~="), "a shell takes a host for a word")
    expect(not result.startswith("-"), "no program takes a host for an option")
    expect("." not in node_part(result.partition("%")[0]), "a node is one part of a path")


def _listed(data: bytes) -> tuple[str, ...]:
    return node_names.__wrapped__(_text(data))


def _list_promises(data: bytes, result: object) -> None:
    names = result if isinstance(result, tuple) else ()
    expect(len(names) <= MOST_NODES, "a list has no more nodes than a cluster")
    expect(len(set(names)) == len(names), "a node is named once")
    expect(sum(map(len, names)) < 2**25, "a short list does not become gigabytes")
    expect(not any(set(name) & set("[], \n") for name in names), "a name is a name")


def _seeds() -> Iterable[bytes]:
    yield from (b"node[001-128]", b"n1,n2 n3", b"a[1-9]b[1-3],c!a1b1", b"n[1-9/2]^n3&n[1-5]")
    yield from (b"::1%lo", b"[::1]:9888", b"node1.example.org:80", b"10.0.0.1", b"n[1-2]x[03-04]")


_commas = repeated(lambda n: f"node{n:05},")

TARGETS = (
    FuzzTarget(
        name="node-set",
        read=_expanded,
        errors=(ValueError,),
        promises=_nodes_promises,
        seeds=_seeds,
        words=_WORDS,
        honest=lambda size: _commas(size)[:-1],
        most_bytes=200,
        most_memory=600,  # each node is an object of ClusterShell
    ),
    FuzzTarget(
        name="host",
        read=_host,
        errors=(ValueError,),
        promises=_host_promises,
        seeds=_seeds,
        words=_WORDS,
        honest=repeated(lambda n: f"node{n:05}."),
        most_bytes=300,
    ),
    FuzzTarget(
        name="host-list",
        read=_listed,
        promises=_list_promises,
        seeds=_seeds,
        words=_WORDS,
        honest=lambda size: _commas(size)[:-1],
        most_bytes=300,
        most_memory=200,
    ),
)
