"""Slurm's lists of jobs: which runs begin and end with them."""

from collections.abc import Callable, Mapping, Sequence

from ..slurm_output.records import JobRecord
from ..slurm_output.sacct import EndedJob
from ..slurm_output.tres import number, time_s
from ..slurm_output.vocabulary import ENDED
from .names import RunKey
from .run_table import RunTable
from .runs import REQUEUED, WAITING, JobRun

VANISHED = "Slurm no longer lists this job: how and when it ended is not known"
REUSED = "Slurm gave its id to another job: how and when it ended is not known"
IS_REQUEUED = "Slurm requeued the job: when this run ended is what its nodes say"

_MISSED_LISTS = 2
# A run that Slurm does not list ends at last, whatever its nodes say.
_MOST_MISSED_LISTS = 60
_READ_LATELY = 3  # intervals
_COMPLETING = "COMPLETING"


class SlurmLists:
    """Opens and ends the runs of a table by Slurm's lists; *on_change* is told of each change."""

    def __init__(
        self,
        table: RunTable,
        cluster: str,
        interval_s: float,
        on_change: Callable[[JobRun, float], None],
    ) -> None:
        self._table = table
        self._cluster = cluster
        self._interval_s = interval_s
        self._on_change = on_change

    def see(
        self,
        records: Sequence[JobRecord],
        now_s: float,
        sluids: Mapping[str, str],
        *,
        is_complete: bool,
    ) -> None:
        """Take a list, with the SLUID by job id; what is not in a complete one has vanished."""
        table = self._table
        if is_complete:
            table.lists += 1
            table.listed_s = now_s
        current, found = table.current, table.lists
        for record in records:
            run = current.get(record.job_id)
            if run is not None and run.record_hash == hash(record):
                run.listed = found
            elif run is not None or record.state not in WAITING:
                self._see(record, run, now_s, sluids.get(record.job_id))
        if is_complete:
            self._end_unlisted(now_s)
            table.done = {key: at for key, at in table.done.items() if at >= found}

    def see_ended(
        self, jobs: Sequence[EndedJob], now_s: float, archived: Mapping[RunKey, bool]
    ) -> None:
        """Take runs that have ended, as Slurm's accounting knows them; it ends no others."""
        table = self._table
        restarts = table.restarts(archived)
        for record, sluid in sorted(jobs, key=lambda job: time_s(job.record.start_time) or 0.0):
            key = self._key(_numbered(record, restarts))
            if key is None or (key in table.done and archived.get(key, True)):
                continue
            restarts.setdefault(key.job_id, {})[key.submit_s] = key.restart
            run = next((one for one in table.of_job(key.job_id) if one.key == key), None)
            is_new = run is None and not archived.get(key, False)
            if is_new and time_s(record.start_time) is not None and record.nodes:
                run = JobRun(key)
                table.add_past(run)
            if run is not None and not _is_known(run, record):
                self._take_end(run, record, now_s, sluid)

    def _take_end(self, run: JobRun, record: JobRecord, now_s: float, sluid: str | None) -> None:
        if self._table.current.get(record.job_id) is run:
            del self._table.current[record.job_id]
        run.take_end(record)
        run.is_over, run.over_since_s, run.is_written = True, now_s, False
        if sluid is not None and run.sluid != sluid:
            self._table.name(run, sluid)
        self._on_change(run, now_s)

    def _see(self, record: JobRecord, run: JobRun | None, now_s: float, sluid: str | None) -> None:
        key = self._key(record)
        if key is None:
            return
        if run is not None and run.key != key:
            if record.state == _COMPLETING and time_s(record.start_time) == run.start_s:
                run.listed = self._table.lists  # it is about to be requeued
                return
            self._end_earlier(run, record, now_s)
            run = None
        if record.state in WAITING:
            if run is not None:
                run.listed = self._table.lists
            return
        run = run or self._begin(key, record)
        if run is not None:
            self._take(run, record, now_s)
            if sluid is not None and run.sluid != sluid:
                self._table.name(run, sluid)
            self._on_change(run, now_s)

    def _key(self, record: JobRecord) -> RunKey | None:
        job_id = number(record.job_id)
        if job_id is None:
            return None
        submit_s = number(record.submit_time) or 0
        return RunKey(self._cluster, job_id, submit_s, number(record.restarts) or 0)

    def _take(self, run: JobRun, record: JobRecord, now_s: float) -> None:
        run.take(record)
        run.record_hash, run.listed, run.unlisted = hash(record), self._table.lists, 0
        if record.state == _COMPLETING:  # only its nodes are not done with it
            end_s = time_s(record.end_time)
            is_past = end_s is not None and end_s <= now_s + self._interval_s
            run.end_s = end_s if is_past else None
        is_over = record.state in ENDED
        run.is_written = run.is_written and not is_over
        if run.is_over != is_over:
            run.is_over, run.over_since_s = is_over, now_s
        run.marks = tuple(mark for mark in run.marks if mark != VANISHED)

    def _begin(self, key: RunKey, record: JobRecord) -> JobRun | None:
        """Return a new run, or one that is listed again; None if it has no node, or is done."""
        if key in self._table.done:
            self._table.done[key] = self._table.lists
            return None
        if time_s(record.start_time) is None or record.nodes in ("", "(null)"):
            return None
        runs = self._table.of_job(key.job_id)
        run = next((one for one in runs if one.key == key), None)
        if run is None:
            if record.state == _COMPLETING:
                return None  # perhaps still the run before it; its end will be listed
            run = JobRun(key)
        self._table.add(run, record.job_id)
        return run

    def _end_earlier(self, run: JobRun, record: JobRecord, now_s: float) -> None:
        """End a run whose job is listed as another one: a requeue, or an id that is used again."""
        self._table.current.pop(record.job_id, None)
        if run.is_over:
            return
        is_requeued = (number(record.restarts) or 0) > run.key.restart
        _end(run, REQUEUED if is_requeued else None, now_s)
        run.mark(IS_REQUEUED if is_requeued else REUSED)

    def _end_unlisted(self, now_s: float) -> None:
        """End runs that Slurm no longer lists, unless their nodes still have them."""
        for job_id, run in list(self._table.current.items()):
            if run.listed == self._table.lists:
                continue
            run.unlisted += 1
            if run.is_over:
                del self._table.current[job_id]
                continue
            most = _MOST_MISSED_LISTS if self._has_it(run, now_s) else _MISSED_LISTS
            if run.unlisted >= most:
                del self._table.current[job_id]
                _end(run, None, now_s)
                run.mark(VANISHED)

    def _has_it(self, run: JobRun, now_s: float) -> bool:
        """Return whether a node has reported a run lately, and that it goes on."""
        since_s = now_s - _READ_LATELY * self._interval_s
        return any(
            part.end_s is None and (part.look_s or 0.0) >= since_s for part in run.parts.values()
        )


def _numbered(record: JobRecord, restarts: Mapping[int, Mapping[int, int]]) -> JobRecord:
    """Return a record with the number of its restarts: Slurm before 25.11 does not tell it.

    It is that of the run that was submitted then, or the next after the run before it.
    """
    job_id, submit_s = number(record.job_id), number(record.submit_time)
    if number(record.restarts) is not None or job_id is None or submit_s is None:
        return record
    of_job = restarts.get(job_id, {})
    before = [restart for other_s, restart in of_job.items() if other_s < submit_s]
    known = of_job.get(submit_s, max(before, default=-1) + 1)
    return record._replace(restarts=str(known))


def _is_known(run: JobRun, record: JobRecord) -> bool:
    """Return whether all that a record says is known, or it is of another run of the same key."""
    if run.is_over and run.state not in (None, REQUEUED) and run.end_s is not None:
        return True
    is_other = run.start_s is not None and run.start_s != time_s(record.start_time)
    return record.state == REQUEUED and is_other


def _end(run: JobRun, state: str | None, now_s: float) -> None:
    run.state, run.reason, run.exit_code = state, None, None
    run.is_over, run.over_since_s, run.is_written = True, now_s, False
