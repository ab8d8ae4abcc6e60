"""The metrics of lmaster itself."""

from collections import Counter

from prometheus_client import generate_latest

from fructosa_bridge.deliver.delivery import REFUSALS
from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import REASONS
from fructosa_bridge.scrape.target_state import ScrapeTotals
from fructosa_bridge.series.known_series import SERIES_LIMIT
from fructosa_bridge.web.metrics import registry
from fructosa_bridge.web.status import JobsStatus

from ..fake_status import FakeStatus, delivery, down, state, up
from ..known_slurm import node, slurm
from ..queues import spool_of


def samples(source):
    """Return the samples of the page: their values by name and labels."""
    lines = generate_latest(registry(source)).decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_targets_are_counted_by_state_and_group():
    """A group has all states, so that no series comes and goes."""
    source = FakeStatus([up("a"), up("b"), down("c"), state("d", "gpu")])

    found = samples(source)

    def count(group, name):
        return found[f'fructosa_master_targets{{section="{group}",state="{name}"}}']

    assert (2, 1, 0) == tuple(count("compute", name) for name in ("up", "down", "waiting"))
    assert (0, 0, 1) == tuple(count("gpu", name) for name in ("up", "down", "waiting"))


def test_targets_are_counted_by_what_slurm_says_of_them():
    """Drained is not dead. Without a Slurm there is no such series."""
    states = [down("a"), down("b", "gpu")]
    known = slurm(node("a", "IDLE+DRAIN"), node("b"))
    known.targets = lambda: states

    found = samples(FakeStatus(states, slurm=known))

    def count(section, condition):
        return found[f'fructosa_slurm_targets{{condition="{condition}",section="{section}"}}']

    assert (1, 0) == (count("compute", "drained"), count("compute", "died"))
    assert (0, 1) == (count("gpu", "drained"), count("gpu", "died"))
    assert not [name for name in samples(FakeStatus(states)) if "slurm" in name]


def test_keeping_jobs_is_measured_if_they_are_kept():
    """Pages, what is missing of ends, and whether the archive can be written."""
    status = JobsStatus({"ok": 8, "failed": 1}, {"missed": 2}, 40, False, 4096)

    found = samples(FakeStatus(jobs_status=status))

    assert 8 == found['fructosa_master_job_pages_total{result="ok"}']
    assert 2 == found['fructosa_master_job_ends_incomplete_total{reason="missed"}']
    assert (40, 0, 4096) == tuple(
        found[f"fructosa_master_job_{name}"]
        for name in ("runs_open", "archive_writable", "archive_bytes")
    )
    assert not [name for name in samples(FakeStatus()) if "fructosa_master_job" in name]


def test_scrapes_samples_and_missed_slots_are_added_up():
    """Over all targets."""
    refused = Counter({SERIES_LIMIT: 3})
    source = FakeStatus([up("a", missed=2, not_finite=1, refused=refused), down("b", repeated=4)])

    found = samples(source)

    assert 8 == found['fructosa_master_scrapes_total{result="up"}']
    assert 2 == found['fructosa_master_scrapes_total{result="down"}']
    assert 500 == found["fructosa_master_samples_total"]
    assert 2 == found["fructosa_master_slots_missed_total"]
    assert 1 == found['fructosa_master_samples_dropped_total{reason="not_finite"}']
    assert 4 == found['fructosa_master_samples_dropped_total{reason="repeated"}']
    assert 3 == found['fructosa_master_samples_dropped_total{reason="series_limit"}']
    assert 0 == found['fructosa_master_samples_dropped_total{reason="new_series_limit"}']


def test_counters_do_not_decrease_when_a_target_is_removed():
    """Its counts are kept as totals, which a scrape of the page does not change."""
    removed = up("old")
    source = FakeStatus([up("a"), removed])
    before = samples(source)

    source.removed.add(removed)
    source.states = [up("a")]
    after = samples(source)

    counters = [name for name in before if name.split("{")[0].endswith("_total")]
    assert [] == [name for name in counters if after[name] < before[name] and "process" not in name]
    assert ScrapeTotals(scrapes=5, samples=500, seconds=source.removed.seconds) == source.removed


def test_a_reload_is_seen_by_the_next_scrape():
    """Targets and destinations are those of that moment."""
    source = FakeStatus([up("a")])
    page = registry(source)
    generate_latest(page)

    source.states, source.reload_succeeded, source.is_ready = [up("a"), up("b")], False, False
    text = generate_latest(page).decode()

    assert 'fructosa_master_targets{section="compute",state="up"} 2.0\n' in text
    assert "fructosa_master_config_last_reload_successful 0.0\n" in text
    assert "fructosa_master_config_last_reload_success_timestamp_seconds 1.7e+09\n" in text
    assert "fructosa_master_ready 0.0\n" in text


def test_delivery_and_queue_are_reported(tmp_path):
    """Every reason for dropped points has a series from the start."""
    journal = Journal(Segments(tmp_path, 2**20, 60))
    one = delivery(spool=spool_of(journal, 1000, "x"), delivered_points=7, last_error="refused")
    one.spool.dropped.update({"full": 3, "expired": 4})

    found = samples(FakeStatus(deliveries=[one], queue_limits=(2**20, 60)))

    label = 'destination="carbon.example:2004"'
    dropped = {
        reason: found[f'fructosa_master_points_dropped_total{{{label},reason="{reason}"}}']
        for reason in (*REASONS, *REFUSALS)
    }
    assert {"full": 3, "expired": 4} == {why: points for why, points in dropped.items() if points}
    assert {"expired", "future"} <= dropped.keys()
    assert 7 == found[f"fructosa_master_points_delivered_total{{{label}}}"]
    assert 0 == found[f"fructosa_master_destination_up{{{label}}}"]
    assert 2**20 == found["fructosa_master_queue_limit_bytes"]
    assert 0 == found["fructosa_master_queue_bytes"]


def test_process_metrics_have_their_usual_names():
    """CPU time, memory and start time."""
    found = samples(FakeStatus())

    assert 0 < found["process_cpu_seconds_total"]
    assert 0 < found["process_resident_memory_bytes"]
    assert 0 < found["process_start_time_seconds"]


def test_label_values_are_escaped():
    """A group's name cannot add samples."""
    text = generate_latest(registry(FakeStatus([up("a", 'x"} 1\nevil 2')]))).decode()

    assert [] == [line for line in text.splitlines() if line.startswith("evil")]
