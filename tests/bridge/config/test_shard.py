"""Which shard a node is in."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.cli import main
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.shard import SHARD, Shard, shard_of
from fructosa_bridge.config.targets import SAME_PATH, section_targets
from fructosa_bridge.scrape import schedule
from fructosa_service.errors import UsageError

NAMES = {
    "numbers": [f"node{n:05}" for n in range(1, 10_001)],
    "full names": [f"r{n // 40:03}n{n % 40:02}.hpc.example.org" for n in range(10_000)],
    "addresses": [f"10.{n // 5000}.{n % 5000 // 250}.{n % 250 + 1}" for n in range(10_000)],
}
counts = st.integers(1, 1000)


@given(host=st.text(), count=counts)
def test_every_node_is_in_exactly_one_shard(host, count):
    """Whatever its name, and however many shards there are."""
    found = [index for index in range(1, count + 1) if Shard(index, count).contains(host)]

    assert [shard_of(host, count)] == found


def test_a_node_stays_in_its_shard_from_release_to_release():
    """Otherwise two lmasters of different releases would both scrape a node, or neither."""
    found = {host: shard_of(host, 5) for host in ("node001", "node002", "10.0.0.1", "Node001")}

    assert {"node001": 1, "node002": 2, "10.0.0.1": 5, "Node001": 1} == found


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("count", [2, 3, 5, 10, 20])
def test_shards_are_about_equal(names, count):
    """None differs from an equal share by more than 4 standard deviations."""
    sizes = Counter(shard_of(host, count) for host in names)

    even = len(names) / count
    allowed = 4 * (even * (1 - 1 / count)) ** 0.5
    assert set(range(1, count + 1)) == set(sizes)
    assert all(abs(size - even) < allowed for size in sizes.values()), sizes


@given(host=st.text(), count=counts)
def test_a_new_shard_gets_nodes_and_no_old_one_does(host, count):
    """No node moves between old shards."""
    before, after = shard_of(host, count), shard_of(host, count + 1)

    assert after in {before, count + 1}


@pytest.mark.parametrize("count", [1, 2, 4, 9, 19])
def test_a_new_shard_moves_only_the_nodes_that_it_gets(count):
    """1/(n+1) of 10,000 nodes, within 4 standard deviations."""
    moved = sum(shard_of(host, count) != shard_of(host, count + 1) for host in NAMES["numbers"])

    share = 1 / (count + 1)
    assert abs(moved - 10_000 * share) < 4 * (10_000 * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("count", [2, 5, 10])
def test_the_nodes_of_each_shard_are_spread_over_the_interval(count):
    """Each tenth of the interval has a tenth of them, within 4 standard deviations."""
    for index in range(1, count + 1):
        hosts = [host for host in NAMES["numbers"] if Shard(index, count).contains(host)]
        tenths = Counter(int(schedule.offset(f"compute/{host}:9888", 10)) for host in hosts)

        even = len(hosts) / 10
        assert set(range(10)) == set(tenths)
        assert all(abs(size - even) < 4 * (even * 0.9) ** 0.5 for size in tenths.values())


def test_a_node_that_several_sections_name_is_in_one_shard():
    """With all its pages."""
    hosts = tuple(NAMES["numbers"][:100])
    nodes = {
        "often": NodesSettings(hosts=hosts),
        "seldom": NodesSettings(hosts=hosts, interval_s=300),
        "other": NodesSettings(hosts=hosts, port=9100, prefix="other"),
    }

    targets = section_targets(nodes, None, Shard(2, 3))

    assert 0 < len(targets) < 300
    assert {3} == set(Counter(target.host for target in targets).values())


def test_without_a_shard_all_nodes_are_targets():
    """As with the only one of one shards."""
    nodes = {"all": NodesSettings(hosts=("n1", "n2"))}

    assert section_targets(nodes, None) == section_targets(nodes, None, Shard(1, 1))


@pytest.mark.parametrize("index", [1, 2])
def test_two_shards_never_write_to_one_path(index):
    """Each shard rejects a configuration in which two nodes would, whichever shards they are in."""
    nodes = {"all": NodesSettings(hosts=("node001.a", "node001.c"))}
    assert {1, 2} == {shard_of(host, 2) for host in nodes["all"].hosts}

    error = SAME_PATH.format(one="node001.a:9888", other="node001.c:9888", path="node001")
    with pytest.raises(UsageError, match=re.escape(error)):
        section_targets(nodes, None, Shard(index, 2))


@pytest.fixture
def empty(tmp_path):
    """A configuration for the first of two shards, both of whose nodes are in the second."""
    assert {2} == {shard_of(host, 2) for host in ("n1", "n2")}
    file = tmp_path / "lmaster.conf"
    file.write_text("[lmaster]\nshard = 1/2\n[nodes:few]\nhosts = n[1-2]\n")
    return str(file)


def test_check_reports_a_shard_without_nodes(empty, capsys):
    """The file is valid, but nothing would be scraped."""
    code = main(["check", "-c", empty])

    assert 0 == code
    assert capsys.readouterr().out.startswith(f"{empty}: ok, but shard = 1/2")


def test_scrape_rejects_a_shard_without_nodes(empty, capsys):
    """The message says what to do."""
    code = main(["scrape", "-c", empty])

    assert 2 == code
    assert "shard = 1/2" in capsys.readouterr().err


@given(count=counts, data=st.data())
def test_a_shard_is_parsed_as_it_is_printed(count, data):
    """Also with spaces."""
    index = data.draw(st.integers(1, count))

    assert Shard(index, count) == SHARD.parse(f"{index}/{count}")
    assert Shard(index, count) == SHARD.parse(SHARD.show(Shard(index, count)))
    assert Shard(index, count) == SHARD.parse(f"{index} / {count}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a valid shard"),
        ("2", "is not a valid shard"),
        ("2/5/1", "is not a valid shard"),
        ("-1/5", "is not a valid shard"),
        ("1.0/5", "is not a valid shard"),
        ("²/5", "is not a valid shard"),
        ("٢/٥", "is not a valid shard"),
        ("1_0/50", "is not a valid shard"),
        ("0/5", "is not one of 5 shards; write 1/5 to 5/5"),
        ("6/5", "is not one of 5 shards"),
        ("1/0", "has an invalid count; write 1 to 1000 shards"),
        ("1/1001", "has an invalid count"),
        ("1/" + "9" * 5000, "has an invalid count"),
        ("9" * 5000 + "/2", "is not one of 2 shards"),
    ],
)
def test_an_invalid_shard_is_rejected(text, problem):
    """Counting from 0 is the most likely mistake."""
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}"):
        SHARD.parse(text)


@given(text=st.text())
def test_any_text_is_parsed_or_rejected(text):
    """No exception other than ValueError is raised."""
    try:
        shard = SHARD.parse(text)
    except ValueError:
        return

    assert 1 <= shard.index <= shard.count <= 1000
