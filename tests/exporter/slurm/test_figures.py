"""The contents of a cgroup's files as figures."""

from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.slurm import figures
from fructosa_exporter.slurm.figures import (
    Figures,
    count_lines,
    cpu_count,
    first_number,
    is_populated,
    number,
    oom_kills,
)


def test_version_1_has_figures_in_several_hierarchies():
    """Own memory is in the lines with total_: a job's folder has no processes of its own."""
    contents = {
        "cpuacct/cpuacct.usage": b"406768237\n",
        "memory/memory.usage_in_bytes": b"45240320\n",
        "memory/memory.max_usage_in_bytes": b"112439296\n",
        "memory/memory.limit_in_bytes": b"314572800\n",
        "memory/memory.stat": b"rss 0\nshmem 0\nswap 0\ntotal_rss 42\ntotal_shmem 8\ntotal_swap 3\n",  # noqa: E501
        "cpuset/cpuset.cpus": b"0-1\n",
    }

    expected = Figures(
        cpu_s=0.406768237,
        cpus=2,
        memory_bytes=45240320,
        own_bytes=50,
        peak_bytes=112439296,
        limit_bytes=314572800,
        swap_bytes=3,
    )
    assert expected == figures.figures(1, contents)


def test_version_2_has_stalls_and_hierarchical_kills():
    """Stalls are those of some process; "max" is no limit."""
    contents = {
        "cpu.stat": b"usage_usec 8022345\nuser_usec 7\n",
        "memory.current": b"276\n",
        "memory.peak": b"280\n",
        "memory.max": b"max\n",
        "memory.swap.current": b"0\n",
        "memory.stat": b"anon 95\nfile 180\nshmem 5\n",
        "memory.events": b"oom 2\noom_kill 1\n",
        "cpuset.cpus.effective": b"0-3,8\n",
        "cpu.pressure": b"some avg10=0.00 avg60=0.12 avg300=0.03 total=1500000\nfull total=9\n",
        "memory.pressure": b"some avg10=0.00 total=250000\n",
        "io.pressure": b"some avg10=0.00 total=4000000\n",
    }

    expected = Figures(8.022345, 5, 276, 100, 280, None, 0, 1, None, 1.5, 0.25, 4.0)
    assert expected == figures.figures(2, contents)


def test_no_limit_of_version_1_depends_on_the_page_size():
    """It is the largest multiple of it."""
    for page in (4096, 65536):
        limit = str(2**63 - page).encode()
        found = figures.figures(1, {"memory/memory.limit_in_bytes": limit})
        assert found.limit_bytes is None


def test_what_is_missing_is_absent():
    """Linux before 5.19 has no memory.peak, and many kernels have no pressure."""
    assert Figures() == figures.figures(1, {})
    assert Figures() == figures.figures(2, {})
    assert 95 == figures.figures(2, {"memory.stat": b"anon 95\n"}).own_bytes


@given(st.sampled_from([1, 2]), st.binary(max_size=200))
def test_any_content_is_figures(version, content):
    """Nothing that a file may hold raises, and no figure is negative."""
    names = [*figures.AT_END[version], *figures.NOW[version], *figures.SELDOM[version]]

    found = figures.figures(version, dict.fromkeys(names, content))

    assert all(one is None or one >= 0 for one in found)


def test_numbers_are_those_of_the_kernel():
    """At most 64 bits."""
    assert 7 == number(b"7\n")
    assert [None] * 4 == [number(one) for one in (None, b"", b"-1", b"9" * 21)]
    assert 12 == first_number(b"12\n13\n")
    assert first_number(b"") is None


def test_lists_of_cpus_are_counted():
    """As the kernel writes them."""
    assert [1, 4, 6] == [cpu_count(one) for one in (b"0", b"0-3", b"0-3,8,10\n")]
    assert [None] * 4 == [cpu_count(one) for one in (None, b"", b"3-1", b"a")]


def test_the_file_of_one_line_is_told_from_the_others():
    """oom_kill is not oom_kill_disable, and populated is a number."""
    assert 2 == oom_kills(b"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert oom_kills(b"oom_kill_disable 0\nunder_oom 0\n") is None
    assert [True, False, None] == [
        is_populated(one) for one in (b"populated 1\nfrozen 0\n", b"populated 0\n", None)
    ]
    assert 3 == count_lines([b"1\n2\n", b"", b"3\n"])
