"""Schemes of naming: what holds for all of them, and what each is like."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fructosa_bridge.model.target import Target
from fructosa_bridge.naming import tags
from fructosa_bridge.naming.legacy_names import RENAMED, SENSORS, SUMMED
from fructosa_bridge.naming.schemes import SCHEMES, SCRAPE_SERIES, TARGET_TAGS, SeriesPath

GRAPHITE = Path(__file__).parents[2] / ".venv-graphite" / "bin" / "python"
TARGET = Target(group="gpu nodes", host="n1.cluster", port=9888, graphite_path="site.a.n1")
ALONE = Target(group="all", host="::1", port=9100, graphite_path="--1")

names = st.from_regex(r"(exported_){0,2}[a-zA-Z_][a-zA-Z0-9_]{0,3}", fullmatch=True)
metrics = (
    st.sampled_from([*SCRAPE_SERIES, *SENSORS, *RENAMED, *SUMMED, "exported_up", "a:b", "m"])
    | st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,3}", fullmatch=True)
    | st.just("m" * 300)
)
label_names = (
    st.sampled_from(
        [*TARGET_TAGS, "exported_name", "exported_exported_name", "cpu", "mode", "device"]
    )
    | st.sampled_from(["mountpoint", "interface", "l" * 300, "l" * 301])
    | names
)
values = (
    st.text(max_size=8)
    | st.text('/:#._-=;~! \n\r\t\0a0{}"', max_size=4)
    | st.sampled_from(["gpu nodes", "gpu#20nodes", "/", "0", "user", "+Inf", "x" * 400])
)
labels = st.dictionaries(label_names, values, max_size=4).map(lambda found: tuple(found.items()))
series = st.tuples(metrics, labels)
every_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)


def paths(scheme, all_series):
    """Return the path of each series, as the translator finds them: what is taken is explicit."""
    owners, found = {}, []
    for metric, said in all_series:
        one = (metric, frozenset(label for label in said if label[1]))
        path = scheme.path(metric, said).path
        if owners.setdefault(path, one) != one:
            path = scheme.explicit_path(metric, said).path
        found.append(path)
    return found


def wholes(scheme, all_series, target=TARGET):
    """Return the whole paths of series of a target, its own and the totals included."""
    before, after = scheme.around(target)
    found = paths(scheme, all_series)
    found += [total.path for total in scheme.totals(found)]
    found += [scheme.scrape_path(target, name) for name in SCRAPE_SERIES]
    return [f"{before}{path}{after}" for path in found]


def normal(whole):
    """Return the path as carbon keeps it: tags by name, one of each."""
    metric, *said = whole.split(";")
    return metric, tuple(sorted(dict(tag.split("=", 1) for tag in said).items()))


def distinct(all_series):
    """Return the series without those that are the same, whatever the order of labels."""
    by_meaning = {(metric, frozenset(x for x in said if x[1])): said for metric, said in all_series}
    return [(metric, said) for (metric, _), said in by_meaning.items()]


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
def test_distinct_series_of_a_node_have_distinct_paths(scheme, all_series):
    """Those of lmaster's own, and totals, are nobody else's either."""
    found = wholes(scheme, distinct(all_series))

    assert len(found) == len(set(found)) == len(set(map(normal, found)))


@every_scheme
@given(all_series=st.lists(series, max_size=3))
def test_no_path_leaves_the_place_of_its_node(scheme, all_series):
    """Whatever the labels say: another node's paths are others."""
    mine, others = (
        set(map(normal, wholes(scheme, all_series, target))) for target in (TARGET, ALONE)
    )

    assert set() == mine & others
    for metric, said in mine:
        if scheme.name == "tagged":
            assert {"instance": "n1.cluster:9888", "prefix": "site.a"}.items() <= dict(said).items()
        else:
            assert metric.startswith("site.a.n1.")


@every_scheme
@given(one=series)
def test_a_path_is_acceptable_to_carbon_and_to_the_file_system(scheme, one):
    """One word of ASCII, no part that is empty, no name of a file that is too long."""
    for whole in wholes(scheme, [one]):
        metric, said = normal(whole)
        assert re.fullmatch(r"[!-~]+", whole)
        assert len(whole) < 4096 - len("/var/lib/graphite/whisper/.wsp")
        assert all(0 < len(f"{part}.wsp") <= 255 for part in metric.split("."))
        for name, value in (("name", metric), *said) if scheme.name == "tagged" else ():
            assert re.fullmatch(r"[^;!^=]{1,191}", name)
            assert re.fullmatch(r"[^;~][^;]{0,190}", value)


@every_scheme
@given(one=series)
def test_relays_pass_a_path_unchanged(scheme, one):
    """carbon-c-relay 3.7 makes one dot of two, and in names ``_`` of what is not listed here."""
    for whole in wholes(scheme, [one]):
        metric, _, said = whole.partition(";")
        assert re.fullmatch(r"[A-Za-z0-9_:#.-]+", metric)
        assert ".." not in whole
        assert not said.endswith(".")


@pytest.mark.integration
@settings(max_examples=50)  # another program answers
@given(all_series=st.lists(series, min_size=20, max_size=30))
@example([("m", (("a", 'b"}'),))])
def test_carbon_reads_the_tags_that_were_written(carbon, all_series):
    """It parses them with no complaint, and finds those that were meant."""
    found = wholes(SCHEMES["tagged"], all_series)

    for whole, (metric, said) in zip(found, carbon(found), strict=True):
        assert normal(whole) == (metric, tuple(sorted((k, v) for k, v in said if k != "name")))
        assert dict(said)["name"] == metric


@pytest.fixture(scope="module")
def carbon():
    """Return carbon's own way of reading paths, in a program of its own."""
    if not GRAPHITE.exists():
        pytest.skip("there is no .venv-graphite; make services")
    code = (
        "import json, sys\n"
        "from carbon.util import TaggedSeries\n"
        "for line in sys.stdin:\n"
        "    found = map(TaggedSeries.parse, json.loads(line))\n"
        "    told = [[one.metric, list(one.tags.items())] for one in found]\n"
        "    print(json.dumps(told), flush=True)\n"
    )
    with subprocess.Popen(
        [GRAPHITE, "-W", "ignore", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:

        def read(whole):
            reader.stdin.write(f"{json.dumps(whole)}\n")
            reader.stdin.flush()
            return [
                (metric, [tuple(tag) for tag in said])
                for metric, said in json.loads(reader.stdout.readline())
            ]

        yield read
        reader.stdin.close()


@pytest.mark.parametrize(
    ("name", "expected", "own"),
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
def test_a_series_is_called_by_its_scheme(name, expected, own):
    """And what lmaster itself says of the node."""
    scheme = SCHEMES[name]
    before, after = scheme.around(TARGET)

    found = scheme.path("fructosa_cpu_seconds_total", (("cpu", "0"), ("mode", "idle")))

    assert SeriesPath(expected) == SeriesPath(f"{before}{found.path}{after}", found.factor)
    assert own == f"{before}{scheme.scrape_path(TARGET, 'up')}{after}"


def test_a_node_without_a_prefix_has_no_tag_for_it():
    """A value may not be empty."""
    assert SCHEMES["tagged"].around(ALONE) == ("", ";group=all;instance=#5b::1#5d:9100")


def test_only_0_3_had_other_units():
    """Elsewhere a value is what the page says."""
    one = ("fructosa_memory_utilization_ratio", ())

    factors = {name: scheme.path(*one).factor for name, scheme in SCHEMES.items()}

    assert factors == {"plain": 1, "tagged": 1, "fructosa": 100}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/home", "/home"),
        ("n1:9888", "n1:9888"),
        ("0.5", "0.5"),
        ("+Inf", "+Inf"),
        ("-1", "-1"),
        ("a b", "a#20b"),
        ("a;b=c", "a#3bb#3dc"),
        ("~x", "#7ex"),
        ("a#b", "a#23b"),
        ("a..b", "a#2e#2eb"),
        (".a.", "#2ea#2e"),
        ("ü", "#c3#bc"),
        ("\udcff", "#ff"),
    ],
)
def test_the_value_of_a_tag_reads_as_on_the_page(value, expected):
    """Only what carbon or a relay would refuse or change is spelt out."""
    assert expected == tags.value(value)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("job", "job"),
        ("instance", "exported_instance"),
        ("exported_instance", "exported_exported_instance"),
        ("exported_job", "exported_job"),
        ("exported_", "exported_"),
        ("name", "exported_name"),
    ],
)
def test_a_label_gives_way_to_our_own_tags(label, expected):
    """As in Prometheus; one that is called exported_instance already gives way as well."""
    assert f";{expected}=x" == tags.tags([(label, "x")], TARGET_TAGS)


def test_tags_stand_in_the_order_of_their_names():
    """Pages that say the labels in another order say the same series; an empty one is none."""
    assert tags.tags([("b", "2"), ("c", ""), ("a", "1")]) == ";a=1;b=2"


@pytest.mark.parametrize("end", ["x", ".", "~"])
def test_what_graphite_has_no_room_for_is_cut_and_stays_distinct(end):
    """A name and a value that differ from others at their very end."""
    pairs = [("l" * 300, "v" * 300), ("l" * 301, "v" * 300), ("l" * 300, "v" * 300 + end)]

    found = [tags.tags([pair]) for pair in pairs]

    assert len(set(found)) == 3
    assert all(len(half) <= 192 for one in found for half in one.split("="))


def test_many_long_labels_are_a_hash():
    """It is another one when they differ at their very end."""
    many = [(f"label{number}", "x" * 180) for number in range(20)]

    found, other = tags.tags(many), tags.tags([*many[:-1], ("label19", "x" * 179 + "y")])

    assert re.fullmatch(";labels-hash=##[0-9a-f]{32}", found)
    assert found != other
