"""Jobs of several users in an archive, served at a unix socket, and a client for them."""

import asyncio
import contextlib

import aiohttp

from fructosa_bridge.config.jobs_settings import JobsSettings
from fructosa_bridge.job_server.pages import JobPages
from fructosa_bridge.job_server.unix_socket import listener
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.web.server import WebServer
from fructosa_service.web.settings import WebSettings

from ..job_archive.filled import ended_run, opened, store
from ..jobs.known_jobs import T0

ADA, BOB, EVE = 1000, 1001, 1002
SLURM_AGE_S = 40.0


def stored_jobs(folder):
    """Return the file of an archive.

    Job 7 of ada ran twice, 8 is bob's, 20 is an array of ada's with two tasks, whose 9 is of: that
    is nobody's.
    """
    archive, ledger = opened(folder), JobLedger("c1")
    ended_run(ledger, 7)
    ended_run(ledger, 7, T0 + 500, restarts=1)
    ended_run(ledger, 8, T0 + 1000, node="n2", user="bob", user_id=BOB)
    ended_run(ledger, 21, T0 + 2000, array_job_id=20, array_task_id=1)
    ended_run(ledger, 20, T0 + 2100, array_job_id=20, array_task_id=2)
    ended_run(ledger, 9, T0 + 3000, user="(null)", user_id="(null)")
    store(archive, ledger, T0 + 4000)
    archive.close()
    return archive.path


class ServedJobs:
    """Answers to requests of the user *uid*; *arrived* is released for each request."""

    def __init__(self, path):
        self.path = path
        self.uid = EVE
        self.arrived = asyncio.Semaphore(0)
        self._session = None

    def peer(self, _):
        """Return who asks."""
        self.arrived.release()
        return self.uid

    async def request(self, target, uid):
        """Return status and text of the answer to a user."""
        self.uid = uid
        async with self._session.get(f"http://localhost{target}") as response:
            return response.status, await response.text()

    async def json(self, target, uid):
        """Return what a user gets, which must be JSON."""
        self.uid = uid
        async with self._session.get(f"http://localhost{target}") as response:
            assert 200 == response.status, await response.text()
            return await response.json()

    async def header(self, target, uid, name):
        """Return a header of the answer to a user."""
        self.uid = uid
        async with self._session.get(f"http://localhost{target}") as response:
            return response.headers[name]

    async def ids(self, target, uid):
        """Return the ids of the jobs that a user gets."""
        return [one["id"] for one in await self.json(target, uid)]


@contextlib.asynccontextmanager
async def served_jobs(folder, source, *, is_peer_real=False, **settings):
    """Serve what a *source* knows of jobs, at a socket in a folder."""
    path = folder / "lmaster.sock"
    served = ServedJobs(path)
    counts = getattr(source, "run_counts", lambda runs, uid: {})
    peer = None if is_peer_real else served.peer
    pages = JobPages(source, JobsSettings(**settings), counts, lambda: SLURM_AGE_S, peer)
    server = WebServer(pages.application(), WebSettings())
    timeout = aiohttp.ClientTimeout(30)  # a test that fails must not hang
    connector = aiohttp.UnixConnector(str(path))
    with listener(path) as made:
        await server.listen([made])
        try:
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                served._session = session
                yield served
        finally:
            await server.close()
