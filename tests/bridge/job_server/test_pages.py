"""The answers about jobs, to everybody about their own."""

import asyncio
import json
import os
import pwd
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from aiohttp import web

from fructosa_bridge.config.jobs_settings import JobsSettings
from fructosa_bridge.job_archive.look_ups import ArchiveReader
from fructosa_bridge.job_server.access import overflow_uid
from fructosa_bridge.job_server.pages import (
    GONE,
    ONLY_USERS,
    TOO_MANY,
    UNKNOWN_USER,
    UserJobPages,
    _peer,
)
from fructosa_bridge.job_server.queries import (
    NOT_A_TIME,
    NOT_RUNS,
    OR_NOT_YOURS,
    SLURM_AGE,
    no_such_job,
)
from fructosa_bridge.jobs.names import JobName
from fructosa_bridge.model.errors import ArchiveError
from fructosa_service.web.settings import WebSettings

from ..fake_status import FakeStatus
from ..job_archive.filled import view_of
from ..web.served import PASSWORD, Served, basic_auth, users_line
from .other_user import ask_as, folder_for_all, needs_root
from .served_jobs import ADA, BOB, EVE, SLURM_AGE_S, served_jobs, stored_jobs

ALL = ["9", "20_2", "20_1", "8", "7", "7"]


@pytest.fixture
def source(tmp_path):
    """An archive of jobs of several users."""
    return ArchiveReader(stored_jobs(tmp_path))


class FakeSource:
    """Gives the same answer to each question, or raises it, and keeps the questions."""

    def __init__(self, answer):
        self.answer = answer
        self.questions = []

    def find(self, name, uid=None):
        return self._answer(name, uid)

    def runs(self, query):
        return self._answer(query)

    def _answer(self, *question):
        self.questions.append(question)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_job_is_answered_with_its_last_run(tmp_path, source):
    """And how many runs it had; of an array with all tasks."""
    async with served_jobs(tmp_path, source) as jobs:
        (one,) = await jobs.json("/job/7", ADA)
        tasks = await jobs.ids("/job/20", ADA)
        task = await jobs.ids("/job/20_2", ADA)

    assert ("7", "ada", 1, 2) == (one["id"], one["user"], one["restart"], one["runs"])
    assert (["20_1", "20_2"], ["20_2"]) == (tasks, task)


async def test_all_runs_of_a_job_are_answered_if_asked_for(tmp_path, source):
    """The oldest first; those of others are not among them."""
    async with served_jobs(tmp_path, source) as jobs:
        found = await jobs.json("/job/7?runs=all", ADA)
        foreign, _ = await jobs.request("/job/7?runs=all", BOB)

    assert [(0, 2), (1, 2)] == [(one["restart"], one["runs"]) for one in found]
    assert 404 == foreign


async def test_listed_runs_have_the_number_of_runs_of_their_job(tmp_path, source):
    """Also of those that are not listed."""
    async with served_jobs(tmp_path, source) as jobs:
        found = [await jobs.json(target, ADA) for target in ("/jobs?most=3", "/jobs")]

    assert [[1, 1, 2], [1, 1, 2, 2]] == [[one["runs"] for one in listed] for listed in found]


@pytest.mark.parametrize("target", ["/jobs", "/jobs?user=nobody", "/job/7"])
async def test_each_answer_says_when_slurm_was_read(tmp_path, source, target):
    """A job that has begun since then is not known yet."""
    async with served_jobs(tmp_path, source) as jobs:
        age = await jobs.header(target, ADA, SLURM_AGE)

    assert f"{SLURM_AGE_S:.0f}" == age


@pytest.mark.parametrize("job", ["8", "8.0", "9", "20", "20_1", "99999", "99_9", "99+1"])
async def test_the_jobs_of_others_are_as_those_that_do_not_exist(tmp_path, source, job):
    """The same status and text: nobody learns which ids others have."""
    async with served_jobs(tmp_path, source) as jobs:
        found = await jobs.request(f"/job/{job}", EVE)

    assert (404, f"{no_such_job(job, SLURM_AGE_S, sees_all=False)}\n") == found


async def test_who_sees_all_jobs_is_not_told_that_a_job_may_be_anothers(tmp_path):
    """They would see it if it were."""
    async with served_jobs(tmp_path, FakeSource([])) as jobs:
        found = await jobs.request("/job/7", 0)

    assert (404, f"{no_such_job('7', SLURM_AGE_S, sees_all=True)}\n") == found
    assert OR_NOT_YOURS not in found[1]


async def test_the_runs_of_others_are_not_even_read(tmp_path):
    """So no time tells how many there are; what a source gives anyway is not shown."""
    source = FakeSource([view_of(user="bob", user_id=BOB)])

    async with served_jobs(tmp_path, source) as jobs:
        job, _ = await jobs.request("/job/7", EVE)
        listed = await jobs.ids("/jobs?user=bob", EVE)

    assert (404, []) == (job, listed)
    (name, uid), (query,) = source.questions
    assert (JobName(7), EVE) == (name, uid)
    assert ("bob", EVE) == (query.user, query.uid)


@pytest.mark.parametrize(
    ("uid", "target", "ids"),
    [
        (ADA, "/jobs", ["20_2", "20_1", "7", "7"]),
        (ADA, "/jobs?most=1", ["20_2"]),
        (ADA, "/jobs?user=ada&state=completed&since=0", ["20_2", "20_1", "7", "7"]),
        (ADA, "/jobs?user=bob", []),
        (ADA, "/jobs?node=n2", []),
        (BOB, "/jobs?node=n2", ["8"]),
        (BOB, "/jobs?user=bob", ["8"]),
        (EVE, "/jobs", []),
        (EVE, "/jobs?user=ada", []),
        (0, "/jobs", ALL),
        (0, "/jobs?user=bob", ["8"]),
        (0, "/jobs?user=%FF", []),
    ],
)
async def test_everybody_lists_their_own_and_root_lists_all(tmp_path, source, uid, target, ids):
    """Only root sees the job of an unknown user."""
    async with served_jobs(tmp_path, source) as jobs:
        assert ids == await jobs.ids(target, uid)


async def test_administrators_see_all(tmp_path, source):
    """Here the user with the number 1, who has a name on each Linux."""
    name = pwd.getpwuid(1).pw_name

    async with served_jobs(tmp_path, source, admins=(name,)) as jobs:
        listed = await jobs.ids("/jobs", 1)
        found = [await jobs.ids(f"/job/{job}", 1) for job in ("8", "9")]
        others = await jobs.ids("/jobs", EVE)

    assert (ALL, [["8"], ["9"]], []) == (listed, found, others)


@pytest.mark.parametrize("target", ["/job/7", "/job/99", "/jobs"])
async def test_a_user_that_the_kernel_does_not_know_is_refused(tmp_path, source, target):
    """It may be anyone; the message says what to change."""
    async with served_jobs(tmp_path, source) as jobs:
        assert (403, UNKNOWN_USER) == await jobs.request(target, overflow_uid())


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/job/x", "not a job: 'x'; write its id"),
        ("/job/%1B%5B2J", r"not a job: '\x1b[2J'; write its id"),
        ("/job/8%2F..", "not a job: '8/..'; write its id"),
        ("/jobs?since=soon", f"{NOT_A_TIME}\n"),
        ("/job/8?runs=2", NOT_RUNS.format(text="'2'")),
        ("/jobs?uid=1001", "'uid' is not a parameter; use user, "),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(tmp_path, source, target, text):
    """With what to write."""
    async with served_jobs(tmp_path, source) as jobs:
        status, found = await jobs.request(target, EVE)

    assert (400, text) == (status, found[: len(text)])


async def test_blanks_around_an_id_are_not_repeated(tmp_path, source):
    """Some of them would control a terminal."""
    async with served_jobs(tmp_path, source) as jobs:
        assert "no job 99 is known" in (await jobs.request("/job/%0B99%1F", EVE))[1]


async def test_an_archive_that_cannot_be_read_is_said_so(tmp_path):
    """It is no empty answer."""
    async with served_jobs(tmp_path, FakeSource(ArchiveError("it is damaged"))) as jobs:
        answers = [await jobs.request(target, EVE) for target in ("/job/7", "/jobs")]

    assert [(503, "it is damaged\n")] * 2 == answers


async def test_few_questions_read_the_archive_at_the_same_time(tmp_path):
    """The others wait, and are answered then."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(20))
    may_finish, reading, most = threading.Event(), set(), []

    def runs(_):
        reading.add(threading.get_ident())
        most.append(len(reading))
        may_finish.wait(30)
        reading.discard(threading.get_ident())
        return []

    async with served_jobs(tmp_path, SimpleNamespace(runs=runs)) as jobs:
        asking = [asyncio.create_task(jobs.request("/jobs", EVE)) for _ in range(20)]
        for _ in asking:
            await jobs.arrived.acquire()
        may_finish.set()
        answers = await asyncio.gather(*asking)

    assert [(200, "[]")] * 20 == answers
    assert max(most) <= 4


async def test_nobody_waits_for_those_who_ask_much(tmp_path):
    """And those are told so, when too many of their questions wait."""
    asked, may_finish = threading.Semaphore(0), threading.Event()

    def runs(query):
        asked.release()
        if query.uid == EVE:
            may_finish.wait(30)
        return []

    async with served_jobs(tmp_path, SimpleNamespace(runs=runs)) as jobs:
        asking = [asyncio.create_task(jobs.request("/jobs", EVE)) for _ in range(30)]
        for _ in asking:
            await jobs.arrived.acquire()
        await asyncio.to_thread(asked.acquire)

        assert (200, "[]") == await jobs.request("/jobs", ADA)
        may_finish.set()
        answers = await asyncio.gather(*asking)

    assert [(200, "[]")] * 21 + [(429, TOO_MANY)] * 9 == sorted(answers)


async def test_the_kernel_says_who_asks(tmp_path):
    """Nothing in the request does."""
    source = FakeSource([])

    async with served_jobs(tmp_path, source, is_peer_real=True) as jobs:
        await jobs.request("/job/7?uid=1", EVE)

    assert [(JobName(7), os.geteuid() or None)] == source.questions


@needs_root
async def test_a_process_of_another_user_sees_only_its_own(tmp_path):
    """Through the real socket."""
    with folder_for_all() as folder:
        source = ArchiveReader(stored_jobs(tmp_path))
        async with served_jobs(folder, source, is_peer_real=True) as jobs:
            answers = [
                await asyncio.to_thread(ask_as, uid, jobs.path, _request(target))
                for uid, target in ((BOB, "/jobs"), (BOB, "/job/7"), (EVE, "/jobs"), (0, "/jobs"))
            ]

    head, _, body = answers[0].partition("\r\n\r\n")
    assert ("HTTP/1.0 200 OK", ["8"]) == (
        head.partition("\r\n")[0],
        [one["id"] for one in json.loads(body)],
    )
    assert answers[1].startswith("HTTP/1.0 404 ")
    assert answers[2].endswith("\r\n\r\n[]")
    assert len(ALL) == len(json.loads(answers[3].partition("\r\n\r\n")[2]))


def _request(target):
    return f"GET {target} HTTP/1.0\r\n\r\n"


def test_whoever_has_closed_the_connection_is_nobody():
    """That is no error of lmaster."""
    with pytest.raises(web.HTTPForbidden) as error:
        _peer(SimpleNamespace(transport=None))

    assert GONE == error.value.text


async def by_user(folder, source, monkeypatch, target, user, **settings):
    """Return status and text of the answer to a user of [web], who has given a password."""
    uids = {"ada": ADA, "bob": BOB, "root": 0}
    monkeypatch.setattr(pwd, "getpwnam", lambda name: SimpleNamespace(pw_uid=uids[name]))
    users = folder / "users"
    users.write_text("".join(users_line(name, PASSWORD) for name in (*uids, "eve", "boss")))
    pages = UserJobPages(
        source, JobsSettings(**settings), source.run_counts, lambda: 40.0, are_users_checked=True
    )
    web_settings = WebSettings(users_file=users)
    async with Served(FakeStatus(), web_settings, pages.routes()) as served:
        headers = {} if user is None else basic_auth(user, PASSWORD)
        status, _, text = await served.request(target, headers=headers)
    return status, text


@pytest.mark.parametrize(
    ("user", "ids"),
    [("ada", ["20_2", "20_1", "7", "7"]), ("bob", ["8"]), ("eve", []), ("root", []), ("boss", ALL)],
)
async def test_users_of_web_see_their_own_over_tcp(tmp_path, source, monkeypatch, user, ids):
    """By the account of their name. Only who is in admins sees all, not a user called root."""
    status, text = await by_user(tmp_path, source, monkeypatch, "api/jobs", user, admins=("boss",))

    assert (200, ids) == (status, [one["id"] for one in json.loads(text)])


async def test_over_tcp_too_foreign_jobs_are_unknown_ones(tmp_path, source, monkeypatch):
    """And nothing is shown without a password."""
    own = await by_user(tmp_path, source, monkeypatch, "api/job/7", "ada")
    foreign = await by_user(tmp_path, source, monkeypatch, "api/job/7", "bob")
    unknown = await by_user(tmp_path, source, monkeypatch, "api/job/999", "bob")
    nobody = await by_user(tmp_path, source, monkeypatch, "api/jobs", None)

    assert (200, 404, 401) == (own[0], foreign[0], nobody[0])
    assert foreign == (unknown[0], unknown[1].replace("999", "7"))


async def test_without_users_there_are_no_jobs_over_tcp(tmp_path, source):
    """Not even for clients on this machine: many people have accounts on it."""
    pages = UserJobPages(
        source, JobsSettings(), source.run_counts, lambda: None, are_users_checked=False
    )
    async with Served(FakeStatus(), WebSettings(), pages.routes()) as served:
        for target in ("api/jobs", "api/job/7"):
            status, _, text = await served.request(target)
            assert (403, ONLY_USERS) == (status, text)
