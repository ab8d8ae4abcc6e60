"""Reads Slurm: a few commands, one after the other, for the whole cluster."""

import asyncio
import os
import pwd
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..config.slurm_settings import SlurmSettings
from ..job_gpus.allotments import allotted
from ..model.errors import SlurmError
from ..slurm_output import job_details, sacct, scontrol, sdiag, squeue
from ..slurm_output.gpu_indexes import GPUUse
from ..slurm_output.records import JobRecord, SlurmConfig, SlurmReading
from ..slurm_output.sacct import EndedJob
from ..slurm_output.tres import array_tasks
from .cluster import tasks
from .command import CommandError, Result, clean_environment, run

DOWN = "slurmctld does not respond; check that it runs: {text}"
NO_NODES = "scontrol reports no nodes; that is not a cluster, so the answer is ignored"
TOO_FEW_JOBS = (
    "squeue shows {shown} jobs, but half a minute ago slurmctld counted {known} pending and "
    "running ones; the answer is ignored. "
    "If this message repeats, run squeue by hand: it prints too little"
)
_CURE = "give {user} rights with: sacctmgr modify user {user} set AdminLevel=Operator"
JOBS_UNSURE = (
    "squeue shows {shown} pending and running jobs, slurmctld last counted {known}: whether "
    "PrivateData hides some is unknown, as its configuration cannot be read; the answer is ignored"
)
JOBS_HIDDEN = (
    "squeue shows {shown} pending and running jobs, slurmctld last counted {known}: PrivateData = "
    f"jobs hides those of others; {_CURE}"
)
DENIED = f"{{error}}; PrivateData in slurm.conf hides this; {_CURE}"
# slurmctld's configuration seldom changes: it is read this often, and after an error.
_CONFIG_S = 3600.0
# squeue -O SLUID, and sacct's SLUID and Restarts, are there since this version.
_HAS_SLUIDS = (25, 11)
# An hour of a large cluster in a large database; slurmctld is not asked.
_SACCT_S = 60.0

Run = Callable[..., Awaitable[str]]
# Which run of a job: its id, when it was submitted, its restarts, and when it started.
_DetailKey = tuple[str, str, str, str]


@dataclass
class CommandLog:
    """How often each command ended how, and the problems that it has now, by command."""

    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)

    def succeeded(self, command: str) -> None:
        """Record that a command succeeded and that its output is valid."""
        self.results[command, Result.OK] += 1
        self.problems.pop(command, None)

    def failed(self, command: str, error: SlurmError) -> None:
        """Record why a command failed."""
        result = error.result if isinstance(error, CommandError) else Result.INVALID
        self.results[command, result] += 1
        self.problems[command] = str(error)


class Reader:
    """Makes readings; *run_command* runs a command, as command.run does."""

    def __init__(
        self,
        settings: SlurmSettings,
        run_command: Run = run,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.log = CommandLog()
        self.reads_gpus = False  # whether a reading has the GPUs of jobs
        self._settings = settings
        self._run = run_command
        self._clock = clock
        self._environment = clean_environment(os.environ, settings.slurm_conf)
        self._config: SlurmConfig | None = None
        self._config_until_s = 0.0  # then it is read again
        self._details: dict[_DetailKey, Mapping[str, GPUUse]] = {}

    async def read(self) -> SlurmReading | None:
        """Return what Slurm reports, or None if slurmctld does not respond.

        A part of the reading is None if its command failed; the log has the reason.
        """
        began_s = time.monotonic()
        if not await self._ping():
            self._config = None  # slurmctld may come back with another configuration
            return None
        known = set(self.log.problems)
        reading = SlurmReading(self._clock(), config=await self._configuration())
        reading = await self._scontrol(reading)
        reading = await self._sdiag(reading)
        reading = await self._squeue(reading)
        if self.reads_gpus:
            reading = await self._gpus(reading)
        if self.log.problems.keys() - known:
            self._config_until_s = 0.0  # it may have changed, and be the reason
        return replace(reading, duration_s=time.monotonic() - began_s)

    async def read_nodes(self) -> SlurmReading | None:
        """Return a reading of nodes and partitions alone, or None if slurmctld does not respond."""
        reading = SlurmReading(self._clock())
        return await self._scontrol(reading) if await self._ping() else None

    async def _ping(self) -> bool:
        try:
            await self._call("ping", "scontrol", "ping")
        except CommandError as error:
            if "is DOWN" in error.output:
                text = " ".join(error.output.replace("*", " ").split())
                error = CommandError(DOWN.format(text=text), error.result)
            self.log.failed("ping", error)
            return False
        self.log.succeeded("ping")
        return True

    async def _configuration(self) -> SlurmConfig:
        """Return slurmctld's configuration: read at the start, hourly, and after an error."""
        now_s = self._clock()
        if self._config is not None and 0 < self._config_until_s - now_s <= _CONFIG_S:
            return self._config
        try:
            output = await self._call("config", "scontrol", "show", "config")
            self._config, self._config_until_s = scontrol.parse_config(output), now_s + _CONFIG_S
        except SlurmError as error:
            self.log.failed("config", error)
            return self._config or SlurmConfig()
        self.log.succeeded("config")
        return self._config

    async def _scontrol(self, reading: SlurmReading) -> SlurmReading:
        """Return *reading* with nodes, partitions, reservations and licenses."""
        failure: SlurmError | None = None
        try:
            output = await self._call(
                "scontrol", "scontrol", *scontrol.ARGUMENTS, standard_input=scontrol.REQUESTS
            )
        except CommandError as error:
            # Some requests may have succeeded: of the others there are no records.
            failure, output = error, error.output
            if error.result is Result.DENIED:
                message = DENIED.format(error=error, user=_user_name())
                failure = CommandError(message, Result.DENIED)
        try:
            found = await asyncio.to_thread(scontrol.parse, output)
            if failure is None and not found.nodes:
                raise SlurmError(NO_NODES)
        except SlurmError as error:
            self.log.failed("scontrol", failure or error)
            return reading
        if failure is None:
            self.log.succeeded("scontrol")
        else:
            self.log.failed("scontrol", failure)
        is_complete = failure is None
        are_all_shown = is_complete and "reservations" not in reading.config.private_data
        return replace(
            reading,
            nodes=found.nodes or None,
            partitions=found.partitions if is_complete else found.partitions or None,
            reservations=found.reservations if are_all_shown else found.reservations or None,
            licenses=found.licenses if is_complete else found.licenses or None,
        )

    async def _sdiag(self, reading: SlurmReading) -> SlurmReading:
        try:
            scheduler = sdiag.parse(await self._call("sdiag", "sdiag"))
        except SlurmError as error:
            self.log.failed("sdiag", error)
            return reading
        self.log.succeeded("sdiag")
        return replace(reading, scheduler=scheduler)

    async def _squeue(self, reading: SlurmReading) -> SlurmReading:
        mark = f"\x1e{secrets.token_hex(6)}"
        try:
            has_sluids = reading.config.is_at_least(*_HAS_SLUIDS)
            arguments = squeue.arguments(mark, has_sluids=has_sluids)
            output = await self._call("squeue", "squeue", *arguments)
            sluids: Mapping[str, str] = {}
            if has_sluids:
                jobs, sluids = await asyncio.to_thread(squeue.parse_with_sluids, output, mark)
            else:
                jobs = await asyncio.to_thread(squeue.parse, output, mark)
            self._check_visible(reading, jobs)
        except SlurmError as error:
            self.log.failed("squeue", error)
            return reading
        self.log.succeeded("squeue")
        return replace(reading, jobs=jobs, sluids=sluids)

    async def read_ended(self, since_s: float, until_s: float) -> Sequence[EndedJob] | None:
        """Return the runs that ended between two times, as slurmdbd knows them.

        None: sacct failed, and the log has the reason.
        """
        config = await self._configuration()
        mark, has_more = f"\x1e{secrets.token_hex(6)}", config.is_at_least(*_HAS_SLUIDS)
        arguments = sacct.arguments(mark, since_s, until_s, has_more=has_more)
        try:
            output = await self._call("sacct", "sacct", *arguments, deadline_s=_SACCT_S)
            found = await asyncio.to_thread(sacct.parse, output, mark, has_more=has_more)
        except SlurmError as error:
            self.log.failed("sacct", error)
            return None
        self.log.succeeded("sacct")
        return found

    async def _gpus(self, reading: SlurmReading) -> SlurmReading:
        """Return *reading* with the GPUs of jobs.

        Only while jobs share the GPUs of a node, and one of them is new, this needs one command.
        """
        nodes, jobs = reading.nodes, reading.jobs
        if nodes is None or jobs is None:
            return reading
        keys = await asyncio.to_thread(_detail_keys, jobs)
        self._details = {key: self._details[key] for key in keys.values() if key in self._details}
        known = {job_id: self._details[key] for job_id, key in keys.items() if key in self._details}
        found = await asyncio.to_thread(allotted, nodes, jobs, known, reading.time_s)
        if found.unsure:
            try:
                output = await self._call("details", "scontrol", *job_details.ARGUMENTS)
                told = await asyncio.to_thread(job_details.parse, output)
            except SlurmError as error:
                self.log.failed("details", error)
                return replace(reading, gpus=found.by_job)
            self.log.succeeded("details")
            # What is not told now will not be told next time.
            new = {job_id: told.get(job_id, {}) for job_id in found.unsure}
            self._details.update((keys[job_id], of_job) for job_id, of_job in new.items())
            found = await asyncio.to_thread(allotted, nodes, jobs, {**known, **new}, reading.time_s)
        return replace(reading, gpus=found.by_job)

    def _check_visible(self, reading: SlurmReading, jobs: Sequence[JobRecord]) -> None:
        """Raise SlurmError if more jobs are known than are shown: PrivateData hides them."""
        counts = {} if reading.scheduler is None else reading.scheduler.values
        # slurmctld counts jobs every half a minute: the two are not of the same moment.
        known = int(counts.get("jobs_pending", 0) + counts.get("jobs_running", 0))
        is_known = bool(reading.config.version)
        if is_known and "jobs" not in reading.config.private_data:
            # Jobs that have ended stay for MinJobAge: they do not vanish all at once.
            if 2 * len(jobs) < known:
                found = sum(array_tasks(job.array_task_id) for job in jobs)
                if 2 * found < known:
                    raise SlurmError(TOO_FEW_JOBS.format(shown=found, known=known))
            return
        visible = sum(tasks(job) for job in jobs if job.state in ("PENDING", "RUNNING"))
        is_used = any(node.allocated_cpus for node in reading.nodes or ())
        is_unknown = reading.scheduler is None
        has_jobs = bool(known or is_used or is_unknown or counts.get("jobs_submitted", 0))
        if 2 * visible < known or (not jobs and has_jobs):
            count = "an unknown number" if is_unknown else known
            template = JOBS_HIDDEN if is_known else JOBS_UNSURE
            message = template.format(shown=visible, known=count, user=_user_name())
            raise CommandError(message, Result.HIDDEN)

    async def _call(
        self, name: str, *command: str, standard_input: str = "", deadline_s: float | None = None
    ) -> str:
        settings, arguments = self._settings, list(command)
        if settings.cluster is not None and name != "ping":
            arguments[1:1] = ["-M", settings.cluster]
        output = await self._run(
            arguments,
            folder=settings.commands,
            deadline_s=deadline_s or settings.deadline_s,
            environment=self._environment,
            standard_input=standard_input,
        )
        # With -M, squeue and others begin with the name of the cluster.
        first, newline, rest = output.partition("\n")
        return rest if newline and first.startswith("CLUSTER: ") else output


def _detail_keys(jobs: Sequence[JobRecord]) -> dict[str, _DetailKey]:
    return {job.job_id: (job.job_id, job.submit_time, job.restarts, job.start_time) for job in jobs}


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
