"""The naming schemes: what holds for all of them, and what each is like."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fructosa_bridge.model.target import Target
from fructosa_bridge.naming.legacy_names import RENAMED, SENSORS, SUMMED
from fructosa_bridge.naming.schemes import (
    DECLARED,
    SCHEMES,
    SCRAPE_SERIES,
    TARGET_TAGS,
    SeriesPath,
)

GRAPHITE = Path(__file__).parents[3] / ".venv-graphite" / "bin" / "python"
TARGET = Target(group="gpu nodes", host="n1.cluster", port=9888, graphite_path="site.a.n1")
ALONE = Target(group="all", host="::1", port=9100, graphite_path="--1")

names = st.from_regex(r"(exported_){0,2}[a-zA-Z_][a-zA-Z0-9_]{0,3}", fullmatch=True)
# Prometheus 3 allows any UTF-8 in names.
any_names = names | st.text(min_size=1, max_size=3)
metrics = (
    st.sampled_from([*SCRAPE_SERIES, *SENSORS, *RENAMED, *SUMMED, "exported_up", "a:b", "m"])
    | st.sampled_from([*DECLARED, "a.b", "ü"])
    | st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,3}", fullmatch=True)
    | st.just("m" * 300)
)
label_names = (
    st.sampled_from(
        [*TARGET_TAGS, "exported_name", "exported_exported_name", "cpu", "mode", "device"]
    )
    | st.sampled_from(["mountpoint", "interface", "l" * 300, "l" * 301])
    | any_names
)
values = (
    st.text(max_size=8)
    | st.text('/:#._-=;~! \n\r\t\0a0{}"', max_size=4)
    | st.sampled_from(["gpu nodes", "gpu#20nodes", "/", "0", "user", "cpu", "+Inf", "x" * 400])
)
labels = st.dictionaries(label_names, values, max_size=4).map(lambda found: tuple(found.items()))
series = st.tuples(metrics, labels)
every_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)


def whole_paths(scheme, all_series, target=TARGET):
    """Return the whole paths of a target's series, with totals and scrape series."""
    before, after = scheme.around(target)
    parts = [scheme.path(*each).path for each in all_series]
    parts += [total.path for total in scheme.totals(parts)]
    parts += [scheme.scrape_path(target, name) for name in SCRAPE_SERIES]
    return [f"{before}{path}{after}" for path in parts]


def as_stored(path):
    """Return metric and tags of a path as carbon stores them: tags by name, each once."""
    metric, *pairs = path.split(";")
    return metric, tuple(sorted(dict(tag.split("=", 1) for tag in pairs).items()))


def distinct(all_series):
    """Return *all_series* without repeated ones, whatever the order of their labels."""
    by_labels = {
        (metric, frozenset(label for label in labels if label[1])): labels
        for metric, labels in all_series
    }
    return [(metric, labels) for (metric, _), labels in by_labels.items()]


@every_scheme
@given(all_series=st.lists(series, max_size=6))
@example([("m", (("name", "x"),)), ("m", (("exported_name", "x"),))])
@example([("up", ()), ("exported_up", ()), ("up", (("a", "gpu nodes"),))])
@example([("CPUPercent", (("cpu", "0"),)), ("fructosa_cpu_utilization_ratio", (("cpu", "0"),))])
@example([("BootTime", ()), ("fructosa_boot_time_seconds", ())])
@example(
    [
        ("CPUTimes", (("a", "user"),)),
        ("fructosa_cpu_seconds_total", (("cpu", "0"), ("mode", "user"))),
    ]
)
@example([("m", (("a", "1"),)), ("m", (("b", "1"),)), ("m", (("c", "1"),))])
@example(
    [
        ("fructosa_cpu_seconds_total", (("cpu", "x"), ("mode", "user"))),
        ("fructosa_cpu_seconds_total", (("x", "user"),)),
    ]
)
@example([("m", (("a=b", "1"),)), ("m", (("a#3db", "1"),)), ("m", (("labels-hash", "1"),))])
def test_distinct_series_of_a_node_have_distinct_paths(scheme, all_series):
    """Totals and scrape series have paths of their own, too."""
    whole = whole_paths(scheme, distinct(all_series))

    assert len(whole) == len(set(whole)) == len(set(map(as_stored, whole)))


@every_scheme
@given(one_series=series, shuffled=st.randoms())
def test_the_order_of_labels_does_not_matter(scheme, one_series, shuffled):
    """Neither for the path nor for the factor."""
    metric, labels = one_series
    other = shuffled.sample([*labels, ("none", "")], len(labels) + 1)

    assert scheme.path(metric, labels) == scheme.path(metric, tuple(other))


@every_scheme
@given(all_series=st.lists(series, max_size=3))
def test_a_node_never_has_a_path_of_another_node(scheme, all_series):
    """Whatever the values of its labels are."""
    paths_of_node, paths_of_another = (
        set(map(as_stored, whole_paths(scheme, all_series, target))) for target in (TARGET, ALONE)
    )

    assert set() == paths_of_node & paths_of_another
    for metric, pairs in paths_of_node:
        if scheme.name == "tagged":
            tags_of_target = {("instance", "n1.cluster:9888"), ("prefix", "site.a")}
            assert tags_of_target <= set(pairs)
        else:
            assert metric.startswith("site.a.n1.")


@every_scheme
@given(one_series=series)
def test_a_path_is_valid_for_carbon_and_the_file_system(scheme, one_series):
    """It is one word of ASCII without empty parts or too long file names."""
    for path in whole_paths(scheme, [one_series]):
        metric, pairs = as_stored(path)
        assert re.fullmatch(r"[!-~]+", path)
        assert len(path) < 4096 - len("/var/lib/graphite/whisper/.wsp")
        assert all(0 < len(f"{part}.wsp") <= 255 for part in metric.split("."))
        for name, value in (("name", metric), *pairs) if scheme.name == "tagged" else ():
            assert re.fullmatch(r"[^;!^=]{1,191}", name)
            assert re.fullmatch(r"[^;~][^;]{0,190}", value)


@every_scheme
@given(one_series=series)
def test_relays_do_not_change_a_path(scheme, one_series):
    """carbon-c-relay 3.7 replaces two dots by one, and other characters in names by ``_``."""
    for path in whole_paths(scheme, [one_series]):
        metric, _, pairs = path.partition(";")
        assert re.fullmatch(r"[A-Za-z0-9_:#.-]+", metric)
        assert ".." not in path
        assert not pairs.endswith(".")


@pytest.mark.integration
@settings(max_examples=50)  # each example waits for another process
@given(all_series=st.lists(series, min_size=20, max_size=30))
@example([("m", (("a", 'b"}'),))])
def test_carbon_parses_the_tags_that_were_written(carbon, all_series):
    """It reports no error, and finds the same names and values."""
    written = whole_paths(SCHEMES["tagged"], all_series)

    for path, (metric, pairs) in zip(written, carbon(written), strict=True):
        assert as_stored(path) == (metric, tuple(sorted((k, v) for k, v in pairs if k != "name")))
        assert dict(pairs)["name"] == metric


@pytest.fixture(scope="module")
def carbon():
    """A function that parses paths with carbon's own code, in another process."""
    if not GRAPHITE.exists():
        pytest.skip("there is no .venv-graphite; run make test as root")
    code = (
        "import json, sys\n"
        "from carbon.util import TaggedSeries\n"
        "for line in sys.stdin:\n"
        "    series = map(TaggedSeries.parse, json.loads(line))\n"
        "    parsed = [[each.metric, list(each.tags.items())] for each in series]\n"
        "    print(json.dumps(parsed), flush=True)\n"
    )
    with subprocess.Popen(
        [GRAPHITE, "-W", "ignore", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:

        def read(paths):
            reader.stdin.write(f"{json.dumps(paths)}\n")
            reader.stdin.flush()
            return [
                (metric, [tuple(tag) for tag in pairs])
                for metric, pairs in json.loads(reader.stdout.readline())
            ]

        yield read
        reader.stdin.close()


@pytest.mark.parametrize(
    ("name", "expected", "up"),
    [
        (
            "plain",
            "site.a.n1.fructosa_cpu_seconds_total.0.idle",
            "site.a.n1.up.gpu#20nodes",
        ),
        (
            "tagged",
            "fructosa_cpu_seconds_total;cpu=0;mode=idle"
            ";group=gpu#20nodes;instance=n1.cluster:9888;prefix=site.a",
            "up;group=gpu#20nodes;instance=n1.cluster:9888;prefix=site.a",
        ),
        (
            "fructosa",
            "site.a.n1.fructosa_cpu_seconds_total.0.idle",
            "site.a.n1.up.gpu#20nodes",
        ),
    ],
)
def test_each_scheme_names_series_in_its_own_way(name, expected, up):
    """Series of pages, and scrape series."""
    scheme = SCHEMES[name]
    before, after = scheme.around(TARGET)

    series = scheme.path("fructosa_cpu_seconds_total", (("cpu", "0"), ("mode", "idle")))

    assert SeriesPath(expected) == SeriesPath(f"{before}{series.path}{after}", series.factor)
    assert up == f"{before}{scheme.scrape_path(TARGET, 'up')}{after}"


@pytest.mark.parametrize(
    ("metric", "labels", "expected"),
    [
        ("node_cpu_seconds_total", {"mode": "idle", "cpu": "0"}, ".cpu.0.mode.idle"),
        ("job_mem_bytes", {"user": "amy"}, ".user.amy"),
        ("job_mem_bytes", {"group": "amy"}, ".group.amy"),
        ("rpc_seconds_bucket", {"le": "0.5", "code": "ok"}, ".code.ok.le.0#2e5"),
        ("fructosa_disk_reads_total", {"device": "sda"}, ".sda"),
        ("fructosa_disk_reads_total", {"disk": "sda"}, ".disk.sda"),
        ("fructosa_sensor_success", {"sensor": "Users"}, ".Users"),
        ("fructosa_master_points_dropped_total", {"reason": "x", "destination": "a"}, ".a.x"),
        ("fructosa_slurm_wait_seconds", {"partition": "p", "quantile": "0.5"}, ".p.0#2e5"),
        ("fructosa_cluster_gpus", {"section": "gpu"}, ".gpu"),
        ("fructosa_gpu_info", {"gpu": "0"}, ".0" + ".#" * (len(DECLARED["fructosa_gpu_info"]) - 1)),
    ],
)
def test_only_what_lagent_and_lmaster_declare_has_no_names_of_labels(metric, labels, expected):
    """Their labels are fixed; those of other exporters may change."""
    assert metric + expected == SCHEMES["plain"].path(metric, tuple(labels.items())).path


def test_without_a_prefix_there_is_no_tag_prefix():
    """The value of a tag may not be empty."""
    assert SCHEMES["tagged"].around(ALONE) == ("", ";group=all;instance=#5b::1#5d:9100")


def test_only_legacy_names_have_other_units():
    """In other schemes the value is that of the page."""
    series = ("fructosa_memory_utilization_ratio", ())

    factors = {name: scheme.path(*series).factor for name, scheme in SCHEMES.items()}

    assert factors == {"plain": 1, "tagged": 1, "fructosa": 100}
