"""The client of the unix socket: its requests, and errors."""

import json
import re
import socket
import threading

import pytest

from fructosa_bridge.client import job_client
from fructosa_bridge.client.job_client import (
    BUSY,
    CUT_OFF,
    FAILED,
    NO_ANSWER,
    NOT_LMASTER,
    NOT_RUNNING,
    TOO_LONG,
    JobAnswer,
    JobClient,
    NotRunningError,
    UnknownJobError,
)
from fructosa_bridge.client.job_records import NO_RECORDS
from fructosa_bridge.job_archive.record import record
from fructosa_bridge.job_server.queries import SLURM_AGE
from fructosa_service.errors import ServiceError, UsageError

from ..job_archive.filled import view_of
from .unix_server import JSON, answer, answering


@pytest.fixture
def path(tmp_path):
    """Where the socket is, or is not."""
    return tmp_path / "s"


def message(template, path, reason):
    """Return the pattern of a whole message."""
    return f"^{re.escape(template.format(path=path, reason=reason))}$"


def test_jobs_are_asked_for_and_answered(path):
    """Whatever is in an id or a name goes into the request as it is."""
    found = [record(view_of())]
    client = JobClient(path)

    with answering(path, answer(200, json.dumps(found).encode(), JSON)) as requests:
        answers = [
            client.job("7"),
            client.job("31+1"),
            client.job("../7?x"),
            client.jobs({}),
            client.jobs({"user": "a&b=ü", "most": "5"}),
            client.jobs({"user": "\udcff"}),
            client.jobs({"node": "n1,n2"}),
            client.job("7", every_run=True),
        ]

    assert [JobAnswer(found)] * 8 == answers
    assert [
        "GET /job/7 HTTP/1.1",
        "GET /job/31%2B1 HTTP/1.1",
        "GET /job/..%2F7%3Fx HTTP/1.1",
        "GET /jobs? HTTP/1.1",
        "GET /jobs?user=a%26b%3D%C3%BC&most=5 HTTP/1.1",
        "GET /jobs?user=%3F HTTP/1.1",
        "GET /jobs?node=n1,n2 HTTP/1.1",
        "GET /job/7?runs=all HTTP/1.1",
    ] == requests


@pytest.mark.parametrize(
    ("age", "found_s"),
    [("40", 40.0), ("0", 0.0), ("", None), ("-1", None), ("4e1", None), ("9" * 99, None)],
)
def test_an_answer_says_when_slurm_was_read(path, age, found_s):
    """If lmaster knows it."""
    with answering(path, answer(200, b"[]", JSON, {SLURM_AGE: age})):
        assert JobAnswer([], found_s) == JobClient(path).jobs({})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((404, UnknownJobError), (400, UsageError)),
        *((one, ServiceError) for one in (403, 429, 503)),
    ],
)
def test_what_lmaster_refuses_is_an_error_with_its_words(path, status, kind):
    """In one line of bounded length that does not control the terminal."""
    with (
        answering(path, answer(status, b"no\x1b[2J job\n" + b"x" * 5000)),
        pytest.raises(kind) as error,
    ):
        JobClient(path).job("7")

    assert str(error.value).startswith("no [2J job xxx")
    assert len(str(error.value)) == 1000


@pytest.mark.parametrize(
    ("content", "template", "reason"),
    [
        (answer(200, b"<html>"), NOT_LMASTER, NO_RECORDS),
        (answer(200, b"[{}]", JSON), NOT_LMASTER, NO_RECORDS),
        (answer(200, b"\xff", JSON), NOT_LMASTER, NO_RECORDS),
        (answer(200, b"[" * 100_000, JSON), NOT_LMASTER, NO_RECORDS),
        (answer(200, b"9" * 5000, JSON), NOT_LMASTER, NO_RECORDS),
        (answer(404, b"<html>", "text/html"), NOT_LMASTER, "its answer has the status 404"),
        (answer(302, b""), NOT_LMASTER, "its answer has the status 302"),
        (answer(500, b"500 Internal Server Error"), NO_ANSWER, FAILED),
        (b"", NO_ANSWER, "Remote end closed connection without response"),
        (b"\x1b]0;x\x07 SSH-2.0\r\n", NO_ANSWER, "]0;x  SSH-2.0"),
        (answer(200, b"[]", JSON)[:-1], NO_ANSWER, CUT_OFF),
    ],
)
def test_another_server_or_a_broken_answer_is_an_error(path, content, template, reason):
    """Nothing of it is printed that would control the terminal."""
    with (
        answering(path, content),
        pytest.raises(ServiceError, match=message(template, path, reason)),
    ):
        JobClient(path).jobs({})


def test_an_answer_is_read_up_to_a_limit(path, monkeypatch):
    """Whatever listens there."""
    monkeypatch.setattr(job_client, "_MOST_BYTES", 10)

    with (
        answering(path, answer(200, b"[" + b" " * 10 + b"]", JSON)),
        pytest.raises(ServiceError, match=TOO_LONG.format(limit=10)),
    ):
        JobClient(path).jobs({})


def test_a_server_that_hangs_is_not_waited_for_without_end(path, monkeypatch):
    """The message says so."""
    monkeypatch.setattr(job_client, "_TIMEOUT_S", 0.01)

    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen()
        with pytest.raises(ServiceError, match=message(NO_ANSWER, path, "timed out")):
            JobClient(path).job("7")


def test_a_server_at_which_many_wait_runs_but_is_busy(path, monkeypatch):
    """So its archive is not read in its place."""
    monkeypatch.setattr(job_client, "_ACCEPT_S", 0.05)
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(path))
        busy.listen(0)
        waiting.connect(str(path))
        with pytest.raises(ServiceError, match=message(NO_ANSWER, path, BUSY)) as error:
            JobClient(path).job("7")

    assert not isinstance(error.value, NotRunningError)


def test_a_client_waits_while_many_are_to_be_accepted(path):
    """The kernel lets it in when there is room."""
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(path))
        busy.listen(0)
        waiting.connect(str(path))

        def accept():
            # Begins when the client has waited, as there is no other place for it.
            busy.accept()[0].close()
            with busy.accept()[0] as accepted:
                accepted.recv(2**16)
                accepted.sendall(b"HTTP/1.1 404 x\r\nContent-Type: text/plain\r\n\r\nunknown")

        thread = threading.Timer(0.05, accept)
        thread.start()
        with pytest.raises(UnknownJobError, match="unknown"):
            JobClient(path).job("7")
        thread.join()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "No such file or directory"),
        ("stale", "Connection refused"),
        ("file", "Connection refused"),
        ("long", "AF_UNIX path too long"),
    ],
)
def test_where_nothing_listens_lmaster_does_not_run(path, kind, reason):
    """The message says what to do."""
    if kind == "stale":
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
    elif kind == "file":
        path.write_text("")
    elif kind == "long":
        path = path.with_name("s" * 200)

    with pytest.raises(NotRunningError, match=message(NOT_RUNNING, path, reason)):
        JobClient(path).job("7")
