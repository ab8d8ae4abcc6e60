"""What lmaster says of itself on /metrics."""

from prometheus_client import generate_latest

from fructosa_bridge.deliver.delivery import REFUSALS
from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import REASONS
from fructosa_bridge.scrape.target_state import ScrapeTotals
from fructosa_bridge.web.metrics import registry

from ..queues import spool_of
from ..shown import Shown, delivery, down, state, up


def samples(view):
    """Return the page's samples: what stands before a value, and the value."""
    lines = generate_latest(registry(view)).decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_targets_are_counted_by_state_and_group():
    """A group has all states, so that none of them comes and goes."""
    view = Shown([up("a"), up("b"), down("c"), state("d", "gpu")])

    found = samples(view)

    def count(group, name):
        return found[f'fructosa_master_targets{{section="{group}",state="{name}"}}']

    assert (2, 1, 0) == tuple(count("compute", name) for name in ("up", "down", "waiting"))
    assert (0, 0, 1) == tuple(count("gpu", name) for name in ("up", "down", "waiting"))


def test_scrapes_samples_and_missed_slots_are_added_up():
    """Over all targets."""
    view = Shown([up("a", missed=2, not_finite=1), down("b", repeated=4)])

    found = samples(view)

    assert 8 == found['fructosa_master_scrapes_total{result="up"}']
    assert 2 == found['fructosa_master_scrapes_total{result="down"}']
    assert 500 == found["fructosa_master_samples_total"]
    assert 2 == found["fructosa_master_slots_missed_total"]
    assert 1 == found['fructosa_master_samples_dropped_total{reason="not_finite"}']
    assert 4 == found['fructosa_master_samples_dropped_total{reason="repeated"}']


def test_counters_do_not_go_back_when_a_target_goes():
    """What it had is added to those that are gone; the view's own sums stay as they are."""
    gone = up("old")
    view = Shown([up("a"), gone])
    before = samples(view)

    view.removed.add(gone)
    view.states = [up("a")]
    after = samples(view)

    counters = [name for name in before if name.split("{")[0].endswith("_total")]
    assert [] == [name for name in counters if after[name] < before[name] and "process" not in name]
    assert ScrapeTotals(scrapes=5, samples=500, seconds=view.removed.seconds) == view.removed


def test_a_reload_is_seen_by_the_next_scrape():
    """Targets and destinations are those of the view at that moment."""
    view = Shown([up("a")])
    page = registry(view)
    generate_latest(page)

    view.states, view.reload_succeeded, view.is_ready = [up("a"), up("b")], False, False
    text = generate_latest(page).decode()

    assert 'fructosa_master_targets{section="compute",state="up"} 2.0\n' in text
    assert "fructosa_master_config_last_reload_successful 0.0\n" in text
    assert "fructosa_master_config_last_reload_success_timestamp_seconds 1.7e+09\n" in text
    assert "fructosa_master_ready 0.0\n" in text


def test_delivery_and_queue_are_told(tmp_path):
    """What is dropped by each reason, from the first scrape on."""
    journal = Journal(Segments(tmp_path, 2**20, 60))
    one = delivery(spool=spool_of(journal, 1000, "x"), delivered_points=7, last_error="refused")
    one.spool.dropped.update({"full": 3, "expired": 4})

    found = samples(Shown(deliveries=[one], queue_limits=(2**20, 60)))

    where = 'destination="carbon.example:2004"'
    dropped = {
        reason: found[f'fructosa_master_points_dropped_total{{{where},reason="{reason}"}}']
        for reason in (*REASONS, *REFUSALS)
    }
    assert {"full": 3, "expired": 4} == {why: points for why, points in dropped.items() if points}
    assert {"expired", "future"} <= dropped.keys()
    assert 7 == found[f"fructosa_master_points_delivered_total{{{where}}}"]
    assert 0 == found[f"fructosa_master_destination_up{{{where}}}"]
    assert 2**20 == found["fructosa_master_queue_limit_bytes"]
    assert 0 == found["fructosa_master_queue_bytes"]


def test_lmasters_own_processor_time_and_memory_are_told():
    """With its start, as of every program that Prometheus knows."""
    found = samples(Shown())

    assert 0 < found["process_cpu_seconds_total"]
    assert 0 < found["process_resident_memory_bytes"]
    assert 0 < found["process_start_time_seconds"]


def test_a_hostile_group_stays_within_its_label():
    """Quotes and line ends are escaped."""
    text = generate_latest(registry(Shown([up("a", 'x"} 1\nevil 2')]))).decode()

    assert [] == [line for line in text.splitlines() if line.startswith("evil")]
