"""Files that lmaster keeps over a restart, and the list of users of both programs."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fructosa_bridge.job_archive import blobs
from fructosa_bridge.jobs.curves import JobCurve
from fructosa_bridge.jobs.names import RunKey
from fructosa_bridge.jobs.node_parts import JobAgent, NodePart
from fructosa_bridge.jobs.runs import JobRun
from fructosa_bridge.model.errors import ArchiveError
from fructosa_bridge.nodes.slurm_nodes import ListedNode, NodeList
from fructosa_bridge.slurm_states import kept_nodes, kept_states
from fructosa_bridge.slurm_states.node_states import NodeState
from fructosa_service.errors import FileError
from fructosa_service.web.users import credentials, read_users

from ..target import FuzzTarget, expect, repeated

_HASH = b"$2b$04$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
Promises = Callable[[bytes, object], None]
_JSON_WORDS = (
    *(b"null", b"true", b"1e999", b"-1", b'"\\ud800"', b"[" * 100, b"]", b'{"a":', b"NaN"),
    *(b"9" * 30, b'"version":1', b"[]", b'""'),
)


def _again(encode: Callable[[Any], bytes], decode: Callable[[bytes], object]) -> Promises:
    """Return the promise that what was read is written and read again as the same."""

    def promises(data: bytes, result: object) -> None:
        if not isinstance(result, Exception):
            expect(decode(encode(result)) == result, "what is kept is read as it was written")

    return promises


def _nodes() -> bytes:
    nodes = (
        ListedNode("n1", "10.0.0.1", "n1", ("debug",), False, False, (("ALL", 1.7e9),)),
        ListedNode("n2", "n2", "n2.x", (), True, True, ()),
    )
    return kept_nodes.encode(NodeList(nodes, ("debug", "long"))).encode()


def _states() -> bytes:
    state = NodeState("drained", False, "disk", "root", 1.7e9)
    return kept_states.encode("hpc", [kept_states.KeptNode("n1", "n1", "n1", state)]).encode()


def _runs() -> bytes:
    run = JobRun(RunKey("hpc", 7, 1_700_000_000, 0))
    part = NodePart("n1", JobAgent("n1", "0123456789abcdef", "boot", 1.0, 2.0), "", 10.0)
    part.cpu_curve = JobCurve(is_total=True, step_s=10.0)
    part.run = run
    run.parts["n1"] = part
    return blobs.encode_run(run)


def _written_run(data: bytes, result: object) -> None:
    if isinstance(result, JobRun):
        first = blobs.encode_run(result)
        expect(blobs.encode_run(blobs.decode_run(first)) == first, "a run is kept as it was")


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


def _users(data: bytes) -> object:
    credentials(data.decode("latin-1"))
    path = Path(_folder().name) / "users"
    path.write_bytes(data)
    return read_users(path)


def _listed(size: int) -> bytes:
    line = repeated(lambda n: f'["n{n}","10.0.0.1","n{n}",["debug"],false,false,[]],')
    whole = json.loads(_nodes())
    rest = json.dumps(whole["nodes"])[1:]
    head = f'{{"format":"{whole["format"]}","version":1,"partitions":[],"nodes":['
    return head.encode() + line(size) + rest.encode() + b"}"


def _one(made: Callable[[], bytes]) -> Callable[[], Iterable[bytes]]:
    return lambda: (made(),)


TARGETS = (
    FuzzTarget(
        name="kept-nodes",
        read=kept_nodes.decode,
        errors=(ValueError, RecursionError),
        promises=_again(lambda found: kept_nodes.encode(found).encode(), kept_nodes.decode),
        seeds=_one(_nodes),
        words=_JSON_WORDS,
        honest=_listed,
    ),
    FuzzTarget(
        name="kept-states",
        read=kept_states.decode,
        errors=(ValueError, RecursionError),
        promises=_again(lambda found: kept_states.encode(*found).encode(), kept_states.decode),
        seeds=_one(_states),
        words=_JSON_WORDS,
    ),
    FuzzTarget(
        name="kept-jobs",
        read=blobs.decode_run,
        errors=(ArchiveError,),
        promises=_written_run,
        seeds=_one(_runs),
        words=_JSON_WORDS,
    ),
    FuzzTarget(
        name="users-file",
        read=_users,
        errors=(FileError,),
        seeds=lambda: (b"# users\nada:%b\nbob:%b\n" % (_HASH, _HASH), b"Basic YTpi"),
        words=(b"$2b$04$", _HASH, b"\n", b":", b"\xef\xbb\xbf", b"basic ", b"\0"),
        honest=repeated(lambda n: f"user{n}:{_HASH.decode()}\n"),
    ),
)
