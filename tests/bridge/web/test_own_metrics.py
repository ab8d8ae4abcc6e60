"""The declared metrics of lmaster itself."""

import re

from prometheus_client import generate_latest

from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool
from fructosa_bridge.web.metrics import registry
from fructosa_bridge.web.own_metrics import METRICS
from fructosa_bridge.web.status import JobsStatus

from ..fake_status import FakeStatus, delivery, up


def test_names_follow_the_rules_of_all_metrics():
    """fructosa_master_…, with base units, and _total for counters alone."""
    names = [metric.name for metric in METRICS]

    assert len(names) == len(set(names))
    for metric in METRICS:
        assert re.fullmatch("fructosa_master_[a-z]+(_[a-z]+)*", metric.name)
        assert metric.name.endswith("_total") == (metric.type == "counter")
        assert re.fullmatch(r"[A-Z0].*\.", metric.help)


def test_all_of_them_are_on_the_page(tmp_path):
    """With a queue on disk, and with jobs."""
    one = delivery(spool=Spool(1000, Journal(Segments(tmp_path, 2**20, 60)), "x"))
    jobs = JobsStatus({"ok": 1}, {"missed": 1}, 1, True, 1)
    view = FakeStatus([up("a")], deliveries=[one], queue_limits=(2**20, 60), jobs_status=jobs)

    found = dict(
        re.findall(
            r"^# HELP (fructosa_master_\w+) (.*)", generate_latest(registry(view)).decode(), re.M
        )
    )

    assert {metric.name: metric.help for metric in METRICS} == found
