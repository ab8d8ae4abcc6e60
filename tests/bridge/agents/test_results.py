"""Results of many nodes: grouped, counted, and printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.agents import results
from fructosa_bridge.agents.results import (
    ALL_OK,
    ALL_RUNNING,
    AND_FAILED,
    AND_NOT_RUNNING,
    BYTES_OMITTED,
    FAILED,
    INTERRUPTED,
    LINES_OMITTED,
    NO_RESPONSE,
    ONLY_ITSELF,
    NodeResult,
)
from fructosa_service.daemon.lifecycle import IS_RUNNING, details
from fructosa_service.daemon.pid_file import DaemonState, PidFileStatus

RESULTS = st.builds(
    NodeResult,
    code=st.none() | st.integers(0, 255),
    output=st.binary(max_size=300) | st.text(max_size=100).map(str.encode),
    dropped_bytes=st.integers(0, 10**9),
    end=st.binary(max_size=300),
    is_interrupted=st.booleans(),
)


def printed(action, node_results, timeout_s=10):
    """Return the printed groups: those that completed, and those that failed."""
    completed, failed = results.grouped(action, node_results, timeout_s)
    return list(map(str, completed)), list(map(str, failed))


def runs(pid, since, host):
    """Return what `lagent status` prints on a node."""
    current = PidFileStatus(DaemonState.RUNNING, pid, (f"http://{host}:9888/metrics",))
    return IS_RUNNING.format(name="lagent", details=details(current, since))


def test_nodes_with_the_same_result_share_a_line():
    """A thousand nodes of which fifty do not respond are two lines; failures are separate."""
    node_results = {f"node{number:04}": NodeResult(0, b"started\n") for number in range(1, 951)}
    node_results |= {f"node{number:04}": NodeResult(None) for number in range(951, 1001)}

    completed, failed = printed("start", node_results)

    assert ["node[0001-0950]: started"] == completed
    assert [f"node[0951-1000]: {NO_RESPONSE.format(timeout_s=10)}"] == failed
    summary = ALL_OK.format(ok=950, nodes=1000) + AND_FAILED.format(nodes=50)
    assert summary == results.summary("start", node_results)
    assert 1 == results.exit_code("start", node_results.values())


def test_results_that_differ_only_in_pid_name_and_time_share_a_line():
    """The differences are masked; a single node is printed unchanged."""
    node_results = {
        f"node{number}.example.org": NodeResult(0, runs(number, f"17:10:1{number}", name).encode())
        for number, name in enumerate(["node0", "node1.example.org"])
    }

    together = printed("status", node_results)
    alone = printed("status", {"node0.example.org": node_results["node0.example.org"]})

    assert ([f"node[0-1].example.org: {runs('…', '…', '…')}"], []) == together
    assert ([f"node0.example.org: {runs(0, '17:10:10', 'node0')}"], []) == alone


def test_results_that_differ_only_in_the_address_of_a_url_share_a_line():
    """An agent prints the address that it listens on, which is not the node's name."""
    node_results = {
        f"n{number}": NodeResult(0, runs(7, None, host).encode())
        for number, host in enumerate(["10.99.0.1", "10.99.0.2", "[fe80::1]"])
    }

    assert ([f"n[0-2]: {runs('…', None, '…')}"], []) == printed("start", node_results)


def test_agents_that_serve_only_their_own_node_are_told_from_the_others():
    """lmaster cannot connect to them, so that their nodes are down though lagent runs."""
    hosts = ["0.0.0.0", "0.0.0.0", "127.0.0.1", "[::1]", "127.0.0.1"]  # noqa: S104 - only text
    node_results = {
        f"n{number}": NodeResult(0, runs(number, "12:00", host).encode())
        for number, host in enumerate(hosts)
    }

    completed, failed = printed("status", node_results)

    assert [
        f"n[0-1]: {runs('…', '…', hosts[0])}",
        f"n[2,4]: {runs('…', '…', hosts[2])}\n    {ONLY_ITSELF}",
        f"n3: {runs(3, '12:00', hosts[3])}\n    {ONLY_ITSELF}",
    ] == completed
    assert [] == failed


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_agent_on_this_machine_may_serve_only_itself(host):
    """lmaster runs on the same machine."""
    node_results = {host: NodeResult(0, runs(7, None, "127.0.0.1").encode())}

    assert ([f"{host}: {runs(7, None, '127.0.0.1')}"], []) == printed("start", node_results)


def test_results_with_different_versions_do_not_share_a_line():
    """Other numbers than pids may be what matters."""
    node_results = {"a1": NodeResult(0, b"lagent 1.0"), "a2": NodeResult(0, b"lagent 1.1")}

    assert (["a1: lagent 1.0", "a2: lagent 1.1"], []) == printed("status", node_results)


@pytest.mark.parametrize(
    ("action", "word"),
    [("start", "started"), ("stop", "stopped"), ("restart", "restarted"), ("status", "running")],
)
def test_a_success_without_output_is_described_by_its_action(action, word):
    """systemctl prints nothing on success."""
    assert ([f"a: {word}"], []) == printed(action, {"a": NodeResult(0)})


def running(nodes, of, stopped=0, failed=0):
    """Return the summary of status."""
    return "".join(
        [
            ALL_RUNNING.format(ok=nodes, nodes=of),
            AND_NOT_RUNNING.format(nodes=stopped) * bool(stopped),
            AND_FAILED.format(nodes=failed) * bool(failed),
        ]
    )


@pytest.mark.parametrize(
    ("codes", "code", "summary"),
    [
        ((0, 0), 0, running(2, 2)),
        ((0, 3), 3, running(1, 2, stopped=1)),
        ((1, 3, 2), 3, running(0, 3, stopped=3)),
        ((0, 3, None), 1, running(1, 3, stopped=1, failed=1)),
        ((0, 255), 1, running(1, 2, failed=1)),
        ((127,), 1, running(0, 1, failed=1)),
        ((4,), 1, running(0, 1, failed=1)),
    ],
)
def test_status_distinguishes_stopped_agents_from_failures(codes, code, summary):
    """By LSB's exit codes; a node without the command is a failure."""
    node_results = {f"n{number}": NodeResult(one) for number, one in enumerate(codes)}

    assert code == results.exit_code("status", node_results.values())
    assert summary == results.summary("status", node_results)


def test_a_stopped_agent_is_not_a_failure_of_status():
    """It is printed with the completed results, after those that are running."""
    node_results = {
        "a": NodeResult(3, b"inactive"),
        "b": NodeResult(0, b"active"),
        "c": NodeResult(3),
    }

    assert (["b: active", "a: inactive", "c: not running"], []) == printed("status", node_results)


def test_a_failure_is_printed_with_exit_code_and_output():
    """Several lines of output are indented."""
    node_results = {"a": NodeResult(5, b"no such unit\r\n"), "b": NodeResult(1, b"one\n\n  two\n")}

    _, failed = printed("start", node_results)

    assert [
        f"a: {FAILED.format(code=5)}: no such unit",
        f"b: {FAILED.format(code=1)}\n    one\n    two",
    ] == failed


def test_an_interrupted_node_is_a_failure():
    """The exit code is that of a program ended by SIGINT; other results stay."""
    node_results = {"a": NodeResult(0), "b": NodeResult(is_interrupted=True)}

    completed, failed = printed("stop", node_results)

    assert (["a: stopped"], [f"b: {INTERRUPTED}"]) == (completed, failed)
    assert 130 == results.exit_code("stop", node_results.values())


def test_nodes_with_the_same_ssh_error_share_a_line():
    """Although the error has the name of the node."""
    node_results = {
        host: NodeResult(255, f"ssh: connect to host {host} port 22: Connection refused".encode())
        for host in ("n1", "n2")
    }

    completed, (failed,) = printed("status", node_results)

    assert [] == completed
    assert failed.startswith("n[1-2]: ssh: Connection refused: ")


@given(
    st.sampled_from(["start", "stop", "restart", "status"]),
    st.dictionaries(st.from_regex(r"n[0-9]{1,3}\Z"), RESULTS),
)
def test_any_output_is_printed_once_and_safely(action, node_results):
    """Without control characters, and with a limited length."""
    completed, failed = results.grouped(action, node_results, 10)

    hosts = [host for group in (*completed, *failed) for host in group.hosts]
    lines = [line for group in (*completed, *failed) for line in group.lines]
    assert sorted(node_results) == sorted(hosts)
    assert all(line.isprintable() for line in lines)
    assert all(len(line) < 5000 for line in lines)
    assert bool(failed) == (results.exit_code(action, node_results.values()) in (1, 130))


@given(
    st.binary(max_size=results.MAX_OUTPUT_BYTES),
    st.integers(0, 10**12),
    st.binary(max_size=results.MAX_OUTPUT_BYTES),
)
def test_output_is_limited_to_a_few_lines(output, dropped_bytes, end):
    """They are the first and the last, so what was printed last is never omitted."""
    lines = results.printable_lines(output, dropped_bytes, end)

    assert 21 >= len(lines)
    assert all(line.isprintable() for line in lines)
    assert not dropped_bytes or BYTES_OMITTED.format(count=dropped_bytes) in lines
    assert results.printable_lines(end)[-1:] in ([], lines[-1:]) or not dropped_bytes


def test_of_a_long_output_the_beginning_and_the_end_are_printed():
    """With what is missing between them: the error of a command comes last."""
    days = b"".join(b"message %d of the day\n" % n for n in range(30))

    few = results.printable_lines(b"motd\n", 77, b"Failed to start\n")
    many = results.printable_lines(days + b"Failed to start\n")

    assert ["motd", BYTES_OMITTED.format(count=77), "Failed to start"] == few
    assert LINES_OMITTED.format(count=11) == many[10]
    assert ("message 0 of the day", "Failed to start") == (many[0], many[-1])


@pytest.mark.parametrize(
    "refusal",
    [
        "sudo: a password is required",
        "doas: Authorization failed",
        "Sorry, user monitor is not allowed to execute '/bin/lagent status' as root on n1.",
        "monitor is not in the sudoers file.  This incident will be reported.",
        "This account is currently not available.",
        "Password change required but no TTY available.",
    ],
)
@pytest.mark.parametrize(
    "before", ["", "Could not chdir to home directory /home/x: No such file\n", "hello\r\n\x1b[1m"]
)
def test_a_refusal_is_found_in_any_line(refusal, before):
    """Else an agent that could not be asked counts as stopped, which has the same exit code."""
    text = f"{before}{refusal}\n".encode()
    node_results = {"n1": NodeResult(1, text), "n2": NodeResult(1, b"motd", 9, text)}

    completed, failed = printed("status", node_results)

    assert ([], 2) == (completed, len(failed))
    assert 1 == results.exit_code("status", node_results.values())


@pytest.mark.parametrize("said", ["lagent is not running", "the unit sudo: x is inactive"])
def test_an_agent_that_is_not_running_is_not_a_refusal(said):
    """Only a line that begins with who refuses is one."""
    assert 3 == results.exit_code("status", [NodeResult(1, said.encode())])


def test_colours_are_removed_and_other_control_characters_are_escaped():
    """OpenRC prints in colour; a node cannot set the title of the terminal window."""
    output = b"\x1b[32;01m*\x1b[0m lagent \x1b]0;owned\x07 \xe2\x80\xae \xff"

    assert ["* lagent \\x1b]0;owned\\x07 \\u202e \ufffd"] == results.printable_lines(output)


def test_progress_names_the_last_nodes():
    """It is empty when all are done."""
    few = [f"n{number}" for number in range(5)]

    assert "5 of 10 done, waiting for n[0-4]" == results.progress(5, 10, few)
    assert "5 of 99 done" == results.progress(5, 99, few * 10)
    assert "" == results.progress(10, 10, [])
