"""The alerts, evaluated by promtool, and on a real Graphite as Grafana evaluates them."""

import pickle
import re
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from fructosa_bridge.naming import graphite_paths
from fructosa_grafana.alerts.groups import ALERTS
from tests.services import program

from .processes import wait_until

ROOT = Path(__file__).parents[2]
ALERT_RULES = ROOT / "grafana/prometheus/fructosa-alerts.yml"
# The only test of recording rules.
RECORDING_TEST = "sums.yml"
# Grafana's reducers, which ignore nulls.
REDUCERS = {
    "last": lambda values: values[-1],
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "sum": sum,
}
EVALUATORS = {"gt": lambda value, than: value > than, "lt": lambda value, than: value < than}
SECONDS = 60
MOST_POINTS = 5000  # carbon refuses more than a mebibyte at once


def promtool(*arguments):
    """Run promtool; return its exit code and output."""
    command = [program("promtool", "prometheus"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_promtool_accepts_the_rules():
    """It reports no problem in either file."""
    files = sorted((ROOT / "grafana" / "prometheus").glob("*.yml"))

    code, output = promtool("check", "rules", *files)

    assert 0 == code, output
    assert 2 == output.count("SUCCESS")


def with_its_alerts(test, folder):
    """Write a test for promtool with only the alerts that it names into a folder; return its path.

    promtool evaluates all rules of a file at each step of each test, but a test checks one alert.
    """
    named = set(re.findall(r"alertname: (\w+)", test.read_text()))
    rules = yaml.safe_load(ALERT_RULES.read_text())
    for group in rules["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule["alert"] in named]
    (folder / f"{test.stem}-rules.yml").write_text(yaml.safe_dump(rules))
    head = f"rule_files: [../../../grafana/prometheus/{ALERT_RULES.name}]"
    text = test.read_text().replace(head, f"rule_files: [{test.stem}-rules.yml]")
    (folder / test.name).write_text(text)
    return folder / test.name


def test_every_alert_fires_if_and_only_if_it_should(tmp_path):
    """The tests in tests/grafana/rules also check summaries and recording rules."""
    tests = sorted((ROOT / "tests/grafana/rules").glob("*.yml"))
    of_alerts = [with_its_alerts(test, tmp_path) for test in tests if test.name != RECORDING_TEST]

    code, output = promtool(
        "test", "rules", ROOT / "tests/grafana/rules" / RECORDING_TEST, *of_alerts
    )

    assert 0 == code, output
    assert len(tests) == output.count("SUCCESS")


def after(first, then, when=30):
    """Return a series that is *first* and changes to *then*."""
    return lambda i: first if i < when else then


def rebooted(i):
    """Return the boot time of a node that reboots and has no value meanwhile."""
    return None if 25 <= i < 35 else after(9, 900)(i)


def steady(value, step=0.0):
    """Return a series that starts at *value* and grows by *step* per second."""
    return lambda i: value + step * i


CARBON = {"destination": "carbon"}
DIMM = {"controller": "mc0"}
DISK = {"mountpoint": "/"}
DISK_DEVICE = {"device": "/dev/sda1", "mountpoint": "/"}
ETH = {"interface": "eth0"}
GPU = {"gpu": "0", "uuid": "GPU-1"}
FULL = {"destination": "carbon", "reason": "full"}
NAMED_CHIP = {"chip": "platform_coretemp_0", "sensor": "temp1", "label": "Package id 0"}
PORT = {"device": "mlx5_0", "port": "1"}
UP = {"group": "compute"}
SLOW = {"group": "slow"}
SENSOR = {"sensor": "DiskUsage"}
CHIP = ("fructosa_temperature_celsius", "fructosa_temperature_critical_celsius")
IN, OUT = (f"fructosa_network_{way}_errors_total" for way in ("receive", "transmit"))
MISSED, SCRAPES = "fructosa_master_slots_missed_total", "fructosa_master_scrapes_total"


def now_and(seconds):
    """Return the series of a clock with an offset in seconds."""
    began_s = int(time.time()) - SECONDS
    return lambda i: began_s + i + seconds


def series(node, metric, labels, values):
    """Return a series of a *node* with the path that lmaster writes; labels in declared order."""
    return ".".join([node, metric, *map(graphite_paths.part, labels.values())]), values


def one(metric, labels, bad, good):
    """Return the data of an alert on one metric: series that alert, and that do not."""
    return [series("bad", metric, labels, bad)], [series("good", metric, labels, good)]


def clocks(offset):
    """Return three correct clocks and one with an offset."""
    metric = "fructosa_clock_time_seconds"
    right = [series(f"n{i}", metric, {}, now_and(i)) for i in range(3)]
    return [*right, series("bad", metric, {}, now_and(offset))]


def chip(degrees, critical):
    """Return a temperature and its critical limit; None means no limit."""
    values = [(CHIP[0], degrees), (CHIP[1], critical)]
    return [series("bad", m, NAMED_CHIP, steady(v)) for m, v in values if v is not None]


def gpu(metric, bad, good, **labels):
    """Return the data of an alert on one metric of a GPU."""
    return one(f"fructosa_gpu_{metric}", {**GPU, **labels}, bad, good)


def heat(degrees, slowdown, margin=None):
    """Return temperature, slowdown threshold and margin of a GPU; None means no value."""
    metric = "fructosa_gpu_temperature"
    threshold = GPU | {"threshold": "slowdown"}
    found = [
        (f"{metric}_celsius", GPU, degrees),
        (f"{metric}_threshold_celsius", threshold, slowdown),
        (f"{metric}_margin_celsius", GPU, margin),
    ]
    return [series("bad", m, labels, steady(v)) for m, labels, v in found if v is not None]


def lanes(now, most):
    """Return the current and maximum PCIe lanes of a GPU."""
    metric = "fructosa_gpu_pcie_link_lanes"
    return [
        series("bad", metric, GPU, steady(now)),
        series("bad", f"{metric}_max", GPU, steady(most)),
    ]


def scrapes(missed):
    """Return an lmaster with ten scrapes per second, which misses some slots."""
    return [
        series("bad", MISSED, {}, steady(0, missed)),
        series("bad", SCRAPES, {"result": "up"}, steady(0, 8)),
        series("bad", SCRAPES, {"result": "down"}, steady(0, 2)),
    ]


def queue(points, growth):
    """Return an lmaster with 1,000 samples per second, whose queue grows."""
    return [
        series("bad", "fructosa_master_queue_points", CARBON, steady(points, growth)),
        series("bad", "fructosa_master_samples_total", {}, steady(0, 1000)),
    ]


EXPECTED = "fructosa_node_expected"


def expected(node, value=1):
    """Return whether Slurm expects a node to be up; without Slurm, it does."""
    return series(node, EXPECTED, {}, steady(value))


def nodes(down, of, planned=0):
    """Return nodes of which some are down, and others are down as planned in Slurm."""
    found = [series(f"n{i}", "up", UP, steady(i >= down)) for i in range(of)]
    found += [expected(f"n{i}") for i in range(of)]
    for i in range(planned):
        found += [series(f"p{i}", "up", UP, steady(0)), expected(f"p{i}", 0)]
    return found


def targets(one_up, other_up):
    """Return a node with two targets, of an lmaster that does not say whether it is expected."""
    return [
        series("bad", "up", UP, steady(one_up)),
        series("bad", "up", SLOW, steady(other_up)),
    ]


def slurm(*whats):
    """Return series of Slurm: metrics without their common part, their label values, and values."""
    return [
        (f"slurm.fructosa_slurm_{metric}" + "".join(f".{label}" for label in labels), values)
        for metric, *labels, values in whats
    ]


def slurm_nodes(out, of=100):
    """Return the number of nodes in Slurm, of which some are out of service; others are future."""
    return slurm(
        ("cluster_nodes", "drained", out),
        ("cluster_nodes", "idle", lambda i: of - out(i)),
        ("cluster_nodes", "future", steady(1000)),
    )


def partition(name, idle, wanted, reason="Priority"):
    """Return a partition with so many idle nodes of 64 CPUs, and 5 jobs that ask for nodes."""
    return slurm(
        ("nodes", name, "idle", steady(idle)),
        ("nodes", name, "powered_down", steady(500)),
        ("cpus", name, "idle", steady(64 * idle)),
        ("pending_nodes", name, steady(wanted)),
        ("pending_cpus", name, steady(64 * wanted)),
        ("pending_jobs", name, reason, steady(5)),
    )


def started(per_second):
    """Return the jobs that slurmctld has started."""
    return slurm(("job_events_total", "started", steady(77, per_second)))


def command(result, per_second):
    """Return the results of a command; others succeed."""
    return slurm(
        ("commands_total", "squeue", result, steady(3, per_second)),
        ("commands_total", "scontrol", "ok", steady(0, 1)),
    )


def queue_bytes(size):
    """Return a queue with a limit of 100 bytes."""
    names = ("fructosa_master_queue_bytes", "fructosa_master_queue_limit_bytes")
    return [series("bad", name, {}, steady(v)) for name, v in zip(names, (size, 100), strict=True)]


def errors(received, sent):
    """Return an interface with these errors per second."""
    return [series("bad", IN, ETH, steady(7, received)), series("bad", OUT, ETH, steady(9, sent))]


def lmaster_flag(metric, labels=None):
    """Return the data of an alert on a metric of lmaster that is 0 instead of 1."""
    return one(f"fructosa_master_{metric}", labels or {}, steady(0), steady(1))


UTILIZATION = "fructosa_filesystem_utilization_ratio"
DATA = {
    "FructosaNodeDown": ([*targets(0, 0), expected("bad")], targets(0, 1)),
    "FructosaManyNodesDown": (nodes(3, 10, planned=20), nodes(1, 11, planned=90)),
    "FructosaTargetDown": (targets(0, 1), targets(0, 0)),
    "FructosaNodeRebooted": one("fructosa_boot_time_seconds", {}, rebooted, after(9, 11)),
    "FructosaSlurmNodesOut": (slurm_nodes(steady(21)), slurm_nodes(steady(19))),
    "FructosaSlurmMoreNodesOut": (
        slurm_nodes(after(5, 40), of=200),
        slurm_nodes(after(5, 7), of=200),
    ),
    "FructosaSlurmPartitionOut": (
        [*partition("bad", 0, 9), *partition("good", 1, 9)],
        [*partition("good", 0, 0), *partition("also", 1, 9)],
    ),
    "FructosaSlurmNodeLost": (
        slurm(("targets", "lost_by_slurm", "bad", steady(2))),
        slurm(
            ("targets", "lost_by_slurm", "good", after(2, 0)),
            ("targets", "drained", "good", steady(2)),
        ),
    ),
    "FructosaSlurmAgentDead": (
        slurm(("targets", "agent_dead", "bad", steady(2))),
        slurm(("targets", "agent_dead", "good", steady(0)), ("targets", "died", "good", steady(2))),
    ),
    "FructosaSlurmDown": (slurm(("up", steady(0))), slurm(("up", steady(1)))),
    "FructosaSlurmUnreadable": (
        command("hidden", 1),
        [*command("timeout", 0), *slurm(("commands_total", "ping", "error", steady(3, 1)))],
    ),
    "FructosaSlurmQueueStuck": (
        [*partition("a", 4, 20), *partition("b", 0, 20), *started(0)],
        [*partition("a", 4, 20), *started(1)],
    ),
    "FructosaSlurmBackfillStuck": (
        slurm(("backfill_age_seconds", steady(1801)), ("cluster_pending_cpus", steady(1))),
        slurm(("backfill_age_seconds", steady(9000)), ("cluster_pending_cpus", steady(0))),
    ),
    "FructosaSlurmDBDQueueGrowing": (
        slurm(("dbd_agent_queue_size", steady(101, 1))),
        slurm(("dbd_agent_queue_size", after(900, 0))),
    ),
    "FructosaSlurmJobsFailing": (
        slurm(("node_failed_jobs_max", steady(11))),
        slurm(("node_failed_jobs_max", steady(10))),
    ),
    "FructosaSensorFailing": one("fructosa_sensor_success", SENSOR, after(1, 0), after(0, 1)),
    "FructosaSensorStuck": one("fructosa_sensor_age_seconds", SENSOR, steady(2000, 1), steady(30)),
    "FructosaMemoryAlmostFull": one(
        "fructosa_memory_utilization_ratio", {}, steady(0.98), steady(0.96)
    ),
    "FructosaSwapping": one("fructosa_swap_in_bytes_total", {}, steady(0, 2e6), steady(9e9, 9e4)),
    "FructosaFilesystemFilling": one(UTILIZATION, DISK, steady(0.8, 1e-5), steady(0.8, 1e-6)),
    "FructosaFilesystemFull": one(UTILIZATION, DISK, steady(0.96), steady(0.94)),
    "FructosaFilesystemHung": one("fructosa_filesystem_error", DISK, steady(1), after(1, 0)),
    "FructosaFilesystemReadOnly": one(
        "fructosa_disk_partition_read_only", DISK_DEVICE, after(0, 1), steady(1)
    ),
    "FructosaClockNotSynchronized": one("fructosa_clock_synchronized", {}, steady(0), steady(1)),
    "FructosaClockOffset": one("fructosa_clock_offset_seconds", {}, steady(-0.1), steady(-0.01)),
    "FructosaClockSkew": (clocks(-40), clocks(-20)),
    "FructosaMemoryUncorrected": one(
        "fructosa_edac_uncorrected_errors_total", DIMM, after(0, 1), steady(5)
    ),
    "FructosaMemoryCorrected": one(
        "fructosa_edac_corrected_errors_total", DIMM, steady(0, 2), steady(1e6, 0.5)
    ),
    "FructosaNetworkErrors": (errors(0.75, 0.75), errors(0.25, 0.5)),
    "FructosaNetworkDown": one("fructosa_network_up", ETH, after(1, 0), steady(0)),
    "FructosaNetworkSlow": one(
        "fructosa_network_speed_bytes_per_second", ETH, after(1e9, 1e8), after(1e8, 1e9)
    ),
    "FructosaInfinibandDown": one("fructosa_infiniband_up", PORT, after(1, 0), steady(0)),
    "FructosaInfinibandSlow": one(
        "fructosa_infiniband_rate_bytes_per_second", PORT, after(2e10, 1e10), steady(2e10)
    ),
    "FructosaInfinibandErrors": one(
        "fructosa_infiniband_symbol_errors_total", PORT, steady(0, 3), steady(65535)
    ),
    "FructosaTemperatureCritical": (chip(99.5, 100), chip(98, 100)),
    "FructosaGPULost": gpu("up", after(1, 0), after(0, 1)),
    "FructosaGPUXidFatal": gpu("xid_errors_total", after(None, 1), steady(3), xid="79"),
    "FructosaGPUXid": gpu("xid_errors_total", after(None, 1), steady(3), xid="63"),
    "FructosaGPUMemoryUncorrected": gpu(
        "ecc_errors_total", after(2, 3), steady(5), kind="uncorrected"
    ),
    "FructosaGPURemapFailed": gpu("remapped_rows_failed", after(0, 1), steady(0)),
    "FructosaGPURemapPending": gpu("retired_pages_pending", after(0, 1), after(1, 0)),
    "FructosaGPURecovery": gpu("recovery_action", after(0, 2), steady(0)),
    "FructosaGPUHot": (heat(88, 90), heat(86, 90)),
    "FructosaGPUThrottled": gpu("clocks_event", after(0, 1), after(1, 0, 5), reason="hw_thermal"),
    "FructosaGPUPcieNarrow": (lanes(8, 16), lanes(16, 16)),
    "FructosaGPUNVLinkDown": gpu("nvlink_up", after(1, 0), steady(0), link="3"),
    "FructosaMasterDown": (
        [series("bad", "fructosa_master_ready", {}, lambda i: None)],
        [series("good", "fructosa_master_ready", {}, steady(1))],
    ),
    "FructosaMasterNotReady": lmaster_flag("ready"),
    "FructosaMasterQueueGrowing": (queue(400_000, 1000), queue(200_000, 1000)),
    "FructosaMasterQueueFilling": (queue_bytes(51), queue_bytes(49)),
    "FructosaMasterQueueNotOnDisk": lmaster_flag("queue_on_disk"),
    "FructosaMasterJobsNotKept": lmaster_flag("job_archive_writable"),
    "FructosaMasterDropping": one(
        "fructosa_master_points_dropped_total", FULL, after(5, 6), steady(900)
    ),
    "FructosaMasterDestinationDown": lmaster_flag("destination_up", CARBON),
    "FructosaMasterSlotsMissed": (scrapes(0.5), scrapes(0.05)),
    "FructosaMasterReloadFailed": lmaster_flag("config_last_reload_successful"),
}
# Without Slurm, or with an lmaster that does not say what Slurm expects, a dead node is dead.
ALSO_BAD = {
    "FructosaNodeDown": [targets(0, 0)],
    "FructosaManyNodesDown": [[series(f"n{i}", "up", UP, steady(i > 2)) for i in range(10)]],
}
# Nodes that are down as planned in Slurm, and chips without a limit or with 0, must not alert.
ALSO_QUIET = {
    "FructosaNodeDown": [[*targets(0, 0), expected("bad", 0)], nodes(0, 1, planned=3)],
    "FructosaNodeRebooted": [
        [
            series("bad", "fructosa_boot_time_seconds", {}, rebooted),
            series("bad", EXPECTED, {}, lambda i: float(not 20 <= i < 40)),
        ]
    ],
    # Slurm's nodes or jobs cannot be read.
    "FructosaSlurmPartitionOut": [
        slurm(("pending_cpus", "bad", steady(9)), ("nodes", "bad", "idle", lambda i: None))
    ],
    "FructosaSlurmBackfillStuck": [
        slurm(("backfill_age_seconds", steady(9000)), ("cluster_pending_cpus", lambda i: None))
    ],
    # Jobs that ask for more than is idle, or wait for something else; no idle nodes; no sdiag.
    "FructosaSlurmQueueStuck": [
        [*partition("a", 3, 20), *started(0)],
        [*partition("a", 4, 20, "Dependency"), *started(0)],
        [*partition("a", 0, 20), *partition("b", 4, 0, "Dependency"), *started(0)],
        partition("a", 4, 20),
    ],
    "FructosaTemperatureCritical": [chip(120, None), chip(45, 0)],
    "FructosaGPUHot": [heat(120, None), heat(None, 90), heat(86, None, margin=4)],
    "FructosaGPUXid": [gpu("xid_errors_total", after(None, 1), None, xid="31")[0]],
    "FructosaGPUXidFatal": [gpu("xid_errors_total", after(None, 1), None, xid="43")[0]],
}
# Names of series that are not made from the node and its labels.
SERIES_NAMES = {
    "FructosaManyNodesDown": "share of nodes that are up",
    "FructosaMasterQueueGrowing": "seconds of points that wait",
    "FructosaMasterSlotsMissed": "share of scrapes missed",
    "FructosaSlurmNodesOut": "share of nodes out of service",
    "FructosaSlurmMoreNodesOut": "nodes out of service beyond what is usual",
    "FructosaSlurmDown": "slurmctld",
    "FructosaSlurmUnreadable": "squeue.hidden",
    "FructosaSlurmQueueStuck": "jobs or nodes that could be used",
    "FructosaSlurmBackfillStuck": "age of the last backfill cycle",
    "FructosaSlurmDBDQueueGrowing": "records that wait for slurmdbd",
    "FructosaSlurmJobsFailing": "jobs that failed on one node",
}


def points(prefix, whats, now_s):
    """Yield the points of the last minute and an older one, for carbon's pickle receiver."""
    for path, values in whats:
        yield f"{prefix}.{path}", (now_s - 10 * SECONDS, 0.0)
        for i in range(SECONDS):
            if (value := values(i)) is not None:
                yield f"{prefix}.{path}", (now_s - SECONDS + i, float(value))


def send(graphite, batch):
    """Send points to carbon, and wait until their files exist."""
    with socket.create_connection(("127.0.0.1", graphite.pickle_port), 10) as carbon:
        for some in (batch[i : i + MOST_POINTS] for i in range(0, len(batch), MOST_POINTS)):
            payload = pickle.dumps(some, protocol=2)
            carbon.sendall(struct.pack("!L", len(payload)) + payload)
    store = graphite.folder / "storage/whisper"
    files = {store / f"{path.replace('.', '/')}.wsp" for path, _ in batch}
    wait_until(lambda: all(file.exists() for file in files), lambda: "series to be there")


@pytest.fixture(scope="module")
def filled(_graphite):
    """A Graphite with series for each alert, some of which must alert, and some not."""
    now_s, batch = int(time.time()), []
    for alert in ALERTS:
        bad, good = DATA[alert.name]
        for i, loud in enumerate([bad, *ALSO_BAD.get(alert.name, [])]):
            batch += points(f"hpc.bad{i}.{alert.name}", loud, now_s)
        for i, quiet in enumerate([good, *ALSO_QUIET.get(alert.name, [])]):
            batch += points(f"hpc.good{i}.{alert.name}", quiet, now_s)
    send(_graphite, batch)
    # It keeps an hour, so a mean of a day is that of half an hour.
    return lambda target: _graphite.render(target.replace("'1d'", "'30min'"), now_s - SECONDS - 1)


def verdicts(found, condition):
    """Return for each series whether Grafana would alert."""
    reduce, compare = REDUCERS[condition.reducer], EVALUATORS[condition.evaluator]
    return {
        name: compare(reduce([values[when] for when in sorted(values)]), condition.threshold)
        for name, values in found.items()
        if values
    }


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_graphite_and_grafana_alert_if_they_should(filled, alert):
    """The query returns one series, with the right name; those it leaves out would not alert."""
    for i in range(1 + len(ALSO_BAD.get(alert.name, []))):
        prefix = f"hpc.bad{i}.{alert.name}"
        found = filled(alert.graphite.target(prefix))
        everything = filled(alert.graphite.unfiltered_target(prefix))

        assert [True] == list(verdicts(found, alert.graphite).values())
        assert found.keys() == {
            n for n, is_bad in verdicts(everything, alert.graphite).items() if is_bad
        }
        if alert.name in SERIES_NAMES:
            assert SERIES_NAMES[alert.name] in found
        elif alert.name != "FructosaMasterDown":
            assert "bad" == next(iter(found)).partition(".")[0]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_graphite_and_grafana_do_not_alert_if_all_is_well(filled, alert):
    """The query leaves out the series that are fine, and Grafana would not alert on them."""
    for i in range(1 + len(ALSO_QUIET.get(alert.name, []))):
        prefix = f"hpc.good{i}.{alert.name}"
        everything = verdicts(filled(alert.graphite.unfiltered_target(prefix)), alert.graphite)

        # Some queries themselves leave out series that were never bad.
        assert everything or i or "filterSeries" in alert.graphite.query
        assert not any(everything.values())
        if alert.graphite.when_no_data == "Normal":
            assert {} == filled(alert.graphite.target(prefix))


def test_a_graphite_without_series_returns_no_data(filled):
    """If lmaster never wrote anything there is no data, which fires only FructosaMasterDown."""
    answers = {alert.name: filled(alert.graphite.target("hpc.nobody")) for alert in ALERTS}

    assert {} == {name: found for name, found in answers.items() if found}
