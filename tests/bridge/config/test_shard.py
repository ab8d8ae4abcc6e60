"""Which of several lmasters takes a node."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.cli import main
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.shard import SHARD, Shard, shard_of
from fructosa_bridge.config.targets import configured
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
    taken = [index for index in range(1, count + 1) if Shard(index, count).takes(host)]

    assert [shard_of(host, count)] == taken


def test_a_node_stays_in_its_shard_from_release_to_release():
    """Else two lmasters of two releases would both take a node, or neither."""
    found = {host: shard_of(host, 5) for host in ("node001", "node002", "10.0.0.1", "Node001")}

    assert {"node001": 1, "node002": 2, "10.0.0.1": 5, "Node001": 1} == found


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("count", [2, 3, 5, 10, 20])
def test_shards_are_about_equal(names, count):
    """None differs from an even share by more than a throw of dice would: 4 deviations."""
    sizes = Counter(shard_of(host, count) for host in names)

    even = len(names) / count
    allowed = 4 * (even * (1 - 1 / count)) ** 0.5
    assert set(range(1, count + 1)) == set(sizes)
    assert all(abs(size - even) < allowed for size in sizes.values()), sizes


@given(host=st.text(), count=counts)
def test_one_shard_more_moves_nodes_to_the_new_one_alone(host, count):
    """No node goes from one of the old shards to another."""
    before, after = shard_of(host, count), shard_of(host, count + 1)

    assert after in {before, count + 1}


@pytest.mark.parametrize("count", [1, 2, 4, 9, 19])
def test_one_shard_more_moves_no_more_nodes_than_it_gets(count):
    """Of 10,000 nodes 1/(n+1), within 4 deviations."""
    moved = sum(shard_of(host, count) != shard_of(host, count + 1) for host in NAMES["numbers"])

    share = 1 / (count + 1)
    assert abs(moved - 10_000 * share) < 4 * (10_000 * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("count", [2, 5, 10])
def test_the_nodes_of_each_shard_are_spread_over_the_interval(count):
    """In each tenth of the interval is a tenth of them, within 4 deviations."""
    for index in range(1, count + 1):
        hosts = [host for host in NAMES["numbers"] if Shard(index, count).takes(host)]
        tenths = Counter(int(schedule.offset(f"compute/{host}:9888", 10)) for host in hosts)

        even = len(hosts) / 10
        assert set(range(10)) == set(tenths)
        assert all(abs(size - even) < 4 * (even * 0.9) ** 0.5 for size in tenths.values())


def test_a_node_that_several_sections_name_is_in_one_shard():
    """With all its pages, so that all that is known of it comes from one place."""
    hosts = tuple(NAMES["numbers"][:100])
    nodes = {
        "often": NodesSettings(hosts=hosts),
        "seldom": NodesSettings(hosts=hosts, interval_s=300),
        "other": NodesSettings(hosts=hosts, port=9100, prefix="other"),
    }

    targets = configured(nodes, None, Shard(2, 3))

    assert 0 < len(targets) < 300
    assert {3} == set(Counter(target.host for target in targets).values())


def test_without_a_shard_all_nodes_are_taken():
    """As by the only shard there is."""
    nodes = {"all": NodesSettings(hosts=("n1", "n2"))}

    assert configured(nodes, None) == configured(nodes, None, Shard(1, 1))


@pytest.mark.parametrize("index", [1, 2])
def test_two_shards_never_write_to_one_path(index):
    """Each of them refuses a configuration in which two nodes would, wherever these are."""
    nodes = {"all": NodesSettings(hosts=("node001.a", "node001.c"))}
    assert {1, 2} == {shard_of(host, 2) for host in nodes["all"].hosts}

    with pytest.raises(UsageError, match="would both be 'node001'"):
        configured(nodes, None, Shard(index, 2))


@pytest.fixture
def empty(tmp_path):
    """A configuration for the first of two shards, both of whose nodes are in the second."""
    assert {2} == {shard_of(host, 2) for host in ("n1", "n2")}
    file = tmp_path / "lmaster.conf"
    file.write_text("[lmaster]\nshard = 1/2\n[nodes:few]\nhosts = n[1-2]\n")
    return str(file)


def test_a_shard_without_nodes_is_told(empty, capsys):
    """The file is right, but nothing would be scraped."""
    code = main(["check", "-c", empty])

    assert (0, f"{empty}: ok, but shard = 1/2 contains none of the nodes\n") == (
        code,
        capsys.readouterr().out,
    )


def test_a_shard_without_nodes_ends_with_the_remedy(empty, capsys):
    """Rather than to run for nothing."""
    code = main(["scrape", "-c", empty])

    assert (2, "use fewer shards") == (
        code,
        capsys.readouterr().err.strip().partition("; ")[2],
    )


@given(count=counts, data=st.data())
def test_a_shard_is_read_as_it_is_written(count, data):
    """Which of how many, with or without spaces."""
    index = data.draw(st.integers(1, count))

    assert Shard(index, count) == SHARD.parse(f"{index}/{count}")
    assert Shard(index, count) == SHARD.parse(SHARD.show(Shard(index, count)))
    assert Shard(index, count) == SHARD.parse(f"{index} / {count}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no shard; write which of how many, e.g. 2/5"),
        ("2", "is no shard; write which of how many, e.g. 2/5"),
        ("2/", "is no shard; write which of how many, e.g. 2/5"),
        ("2/5/1", "is no shard; write which of how many, e.g. 2/5"),
        ("-1/5", "is no shard; write which of how many, e.g. 2/5"),
        ("1.0/5", "is no shard; write which of how many, e.g. 2/5"),
        ("²/5", "is no shard; write which of how many, e.g. 2/5"),
        ("٢/٥", "is no shard; write which of how many, e.g. 2/5"),
        ("1_0/50", "is no shard; write which of how many, e.g. 2/5"),
        ("0/5", "is none of 5 shards; they are 1/5 to 5/5"),
        ("6/5", "is none of 5 shards; they are 1/5 to 5/5"),
        ("1/0", "is no shard of 1 to 1000; write a number of them behind the '/'"),
        ("1/1001", "is no shard of 1 to 1000; write a number of them behind the '/'"),
        ("1/" + "9" * 5000, "is no shard of 1 to 1000; write a number of them behind the '/'"),
        ("9" * 5000 + "/2", "is none of 2 shards; they are 1/2 to 2/2"),
    ],
)
def test_what_is_no_shard_is_refused_with_the_remedy(text, problem):
    """Counting from 0 is the likeliest mistake."""
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        SHARD.parse(text)


@given(text=st.text())
def test_no_text_breaks_the_parser(text):
    """It is a shard, or a ValueError."""
    try:
        shard = SHARD.parse(text)
    except ValueError:
        return

    assert 1 <= shard.index <= shard.count <= 1000
