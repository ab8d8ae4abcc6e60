"""Jobs over the lives of their folders."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fructosa_exporter.slurm import lives
from fructosa_exporter.slurm.figures import Figures
from fructosa_exporter.slurm.layouts import JobKey
from fructosa_exporter.slurm.lives import KEPT_S, Lives

KEY = JobKey("", "7")
OTHER = JobKey("", "8")


def used(cpu_s, peak_bytes=1, **more):
    """Return figures."""
    return Figures(cpu_s=cpu_s, peak_bytes=peak_bytes, **more)


def live(jobs, key=KEY, step="batch", at_s=0.0, cpu_s=1.0, *, is_final=True):
    """Let a job live once, and be read once."""
    jobs.begin(key, step, at_s)
    jobs.look(key, used(cpu_s), at_s + 1, is_final=is_final)
    jobs.end(key, at_s + 2)


def test_a_job_runs_until_its_folder_has_gone():
    """Then it has a sequence number, and keeps its last values."""
    jobs = Lives()
    jobs.begin(KEY, "batch", 1)
    jobs.look(KEY, used(0.5, 100, own_bytes=60), 2)
    (running,) = jobs.entries(0, 3)
    assert (None, 0.5) == (running.ended_s, running.total("cpu_s"))

    jobs.look(KEY, used(0.7, 120), 4, is_final=True)
    jobs.end(KEY, 5)

    (ended,) = jobs.entries(0, 6)
    assert (5, 1, 4) == (ended.ended_s, ended.sequence, ended.read_s)
    assert (0.7, 120, 60) == (ended.total("cpu_s"), ended.peak_bytes, ended.own_max_bytes)
    assert (1, 1, 0) == (jobs.sequence, jobs.seen, jobs.missed)


def test_with_salloc_each_step_is_a_life_of_one_job():
    """Its totals go on, and its peak is that of the largest step."""
    jobs = Lives()
    live(jobs, step="0", at_s=0, cpu_s=0.4)
    live(jobs, step="1", at_s=10, cpu_s=0.1)

    (entry,) = jobs.entries(0, 20)

    assert (0, 2, 0) == (entry.restart, entry.sequence, entry.began_s)
    assert pytest.approx(0.5) == entry.total("cpu_s")
    assert 1 == jobs.seen


def test_a_job_between_two_steps_has_ended_and_runs_again():
    """Only what has ended has a sequence number."""
    jobs = Lives()
    live(jobs, step="0")
    jobs.begin(KEY, "1", 10)

    (entry,) = jobs.entries(0, 11)

    assert (None, None, False) == (entry.ended_s, entry.sequence, entry.is_final)
    assert 1.0 == entry.total("cpu_s")


@pytest.mark.parametrize("step", ["batch", "extern", "0"])
def test_a_step_that_comes_again_is_a_requeue(step):
    """Numbers of steps are never used twice in a run of a job."""
    jobs = Lives()
    live(jobs, step=step)
    live(jobs, step=step, at_s=10)

    first, second = jobs.entries(0, 20)

    assert [(0, 1.0), (1, 1.0)] == [(one.restart, one.total("cpu_s")) for one in (first, second)]


def test_the_second_step_of_a_life_is_no_requeue():
    """step_extern and step_batch are there at the same time."""
    jobs = Lives()
    for step in ("extern", "batch", "0", "0"):
        jobs.begin(KEY, step, 1)

    assert [0] == [entry.restart for entry in jobs.entries(0, 2)]


def test_a_total_that_falls_shows_a_life_that_ended_unseen():
    """What it had used until the last look counts, and it is counted as missed."""
    jobs = Lives()
    jobs.begin(KEY, "0", 0)
    jobs.look(KEY, used(5.0), 1)
    jobs.look(KEY, used(0.5), 2)

    (entry,) = jobs.entries(0, 3)

    assert (5.5, 1) == (entry.total("cpu_s"), jobs.missed)


def test_a_look_that_is_late_changes_only_the_maxima():
    """A page's reading may end after that for a job's end, which began later."""
    jobs = Lives()
    jobs.begin(KEY, "0", 0)
    jobs.look(KEY, used(5.0, 50), 2, is_final=True)
    jobs.look(KEY, used(4.0, 70, own_bytes=9), 1)

    (entry,) = jobs.entries(0, 3)

    assert (5.0, 70, 9) == (entry.total("cpu_s"), entry.peak_bytes, entry.own_max_bytes)
    assert entry.is_final
    assert 0 == jobs.missed


def test_jobs_whose_last_values_were_not_read_are_counted():
    """A look after the end must have had CPU time; a new step needs another one."""
    jobs = Lives()
    live(jobs, JobKey("", "1"))
    live(jobs, JobKey("", "2"), is_final=False)
    jobs.begin(JobKey("", "3"), "", 1)
    jobs.end(JobKey("", "3"), 2)
    jobs.begin(KEY, "0", 1)
    jobs.look(KEY, used(1.0), 2, is_final=True)
    jobs.begin(KEY, "1", 3)
    jobs.end(KEY, 4)
    jobs.begin(OTHER, "0", 1)
    jobs.look(OTHER, used(1.0), 2, is_final=True)
    jobs.look(OTHER, Figures(peak_bytes=7), 3)
    jobs.end(OTHER, 4)

    assert 3 == jobs.missed


def test_kills_are_counted_by_folder_where_the_jobs_does_not_count_them():
    """In version 1, and they are no longer there once the folder has gone."""
    jobs = Lives()
    jobs.begin(KEY, "0", 0)
    jobs.look(KEY, used(1.0), 1, kills={"step_0/task_0": 0})
    jobs.look(KEY, used(1.0), 2, kills={"step_0/task_0": 1, "step_0/task_1": 2})
    jobs.look(KEY, used(1.0), 3, kills={"step_1/task_0": 0})
    jobs.end(KEY, 4)
    jobs.begin(KEY, "2", 5)
    jobs.look(KEY, used(1.0), 6, kills={"step_2/task_0": 1})

    assert [4] == [entry.total("oom_kills") for entry in jobs.entries(0, 7)]


def test_who_asks_gets_what_ended_since_and_nothing_is_deleted():
    """The numbers are those of the ends."""
    jobs = Lives()
    keys = [JobKey("", str(number)) for number in range(1, 4)]
    for key in keys:
        live(jobs, key)

    assert keys[1:] == [entry.key for entry in jobs.entries(1, 9)]
    assert keys == [entry.key for entry in jobs.entries(0, 9)]
    assert [] == jobs.entries(3, 9)


def test_only_jobs_that_nobody_has_fetched_are_dropped(monkeypatch):
    """Too many at once, or after a day; who asks for what came after has the others."""
    monkeypatch.setattr(lives, "MOST_ENDED", 2)
    jobs = Lives()
    live(jobs, JobKey("", "1"))
    live(jobs, JobKey("", "2"))
    jobs.entries(1, 3)
    live(jobs, JobKey("", "3"))
    assert 0 == jobs.dropped
    live(jobs, JobKey("", "4"))
    assert 1 == jobs.dropped

    assert [] == jobs.entries(0, KEPT_S + 10)
    assert 3 == jobs.dropped


def test_a_number_that_was_never_given_acknowledges_nothing(monkeypatch):
    """It is that of an earlier start of lagent."""
    monkeypatch.setattr(lives, "MOST_ENDED", 1)
    jobs = Lives()
    jobs.entries(500, 0)
    live(jobs)
    live(jobs, OTHER)

    assert 1 == jobs.dropped


def test_jobs_that_are_no_longer_there_are_ended():
    """After messages were lost."""
    jobs = Lives()
    jobs.begin(KEY, "batch", 0)
    jobs.begin(OTHER, "batch", 0)
    jobs.keep({KEY}, 5)

    assert {KEY: None, OTHER: 5} == {one.key: one.ended_s for one in jobs.entries(0, 6)}


# A history: which of two jobs, and what happens to it.
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([KEY, OTHER]),
        st.one_of(
            st.tuples(st.just("begin"), st.sampled_from(["batch", "extern", "0", "1", "2"])),
            st.tuples(st.just("work"), st.integers(1, 100)),
            st.tuples(st.just("look"), st.booleans()),
            st.tuples(st.just("end"), st.none()),
        ),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(EVENTS)
def test_whatever_happens_totals_are_those_that_were_read(history):
    """A plain model keeps each life apart. No total falls, and each end has its own number."""
    jobs, model, now_s = Lives(), Model(), 0.0
    before = {}
    for key, (what, argument) in history:
        now_s += 1
        model.follow(jobs, key, what, argument, now_s)
        for entry in jobs.entries(0, now_s):
            name, total = (entry.key, entry.restart), entry.total("cpu_s") or 0
            assert before.get(name, 0) <= total
            before[name] = total

    entries = jobs.entries(0, now_s)
    assert model.totals() == {(one.key, one.restart): one.total("cpu_s") or 0 for one in entries}
    numbers = [one.sequence for one in entries if one.sequence is not None]
    assert sorted(set(numbers)) == numbers
    assert jobs.seen == len(entries)


class Model:
    """Each life of each job's folder: what it has used, and what of that was read."""

    def __init__(self):
        self.used, self.read, self.steps, self.restart = {}, {}, {}, {}
        self.now_steps = {}

    def follow(self, jobs, key, what, argument, now_s):
        """Let something happen, in the model and in *jobs*."""
        if what == "begin":
            if key not in self.used:
                if argument in self.steps.get(key, ()):
                    self.restart[key] = self.restart.get(key, 0) + 1
                    self.steps[key] = set()
                self.used[key], self.now_steps[key] = 0, set()
                self.read.setdefault((key, self.restart.get(key, 0)), []).append(0)
            self.now_steps[key].add(argument)
            jobs.begin(key, argument, now_s)
        elif key not in self.used:
            jobs.end(key, now_s)  # of what is not there
        elif what == "work":
            self.used[key] += argument
        elif what == "look":
            lives_read = self.read[key, self.restart.get(key, 0)]
            lives_read[-1] = self.used[key]
            jobs.look(key, used(self.used[key]), now_s, is_final=argument)
        else:
            del self.used[key]
            self.steps.setdefault(key, set()).update(self.now_steps.pop(key))
            self.read[key, self.restart.get(key, 0)].append(0)
            jobs.end(key, now_s)

    def totals(self):
        """Return what was read of each job and restart."""
        return {key: sum(lives) for key, lives in self.read.items()}
