"""What nodes are told to do with their agents, and how their answers are told together."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.agents import results
from fructosa_bridge.agents.results import NodeResult
from fructosa_bridge.config.agents_settings import ACTIONS, COMMAND, SSH_OPTIONS, AgentsSettings
from fructosa_bridge.config.agents_settings import command_for as command
from fructosa_bridge.config.settings import read_config
from fructosa_service.errors import ConfigError

ANSWERS = st.builds(
    NodeResult,
    code=st.none() | st.integers(0, 255),
    said=st.binary(max_size=300) | st.text(max_size=100).map(str.encode),
    dropped_bytes=st.integers(0, 10**9),
    is_cut_short=st.booleans(),
)


def told(action, answers, timeout_s=10):
    """Return what is told of some answers: what is well, and what failed."""
    well, failed = results.groups(action, answers, timeout_s)
    return list(map(str, well)), list(map(str, failed))


def settings(folder, text):
    """Return what a file with these lines in [agents] means."""
    path = folder / "lmaster.conf"
    path.write_text(f"[agents]\n{text}\n")
    return read_config(path).agents


def test_nodes_with_the_same_answer_share_a_line():
    """A thousand of which fifty are silent are two lines; what failed is apart."""
    answers = {f"node{number:04}": NodeResult(0, b"started\n") for number in range(1, 951)}
    answers |= {f"node{number:04}": NodeResult(None) for number in range(951, 1001)}

    well, failed = told("start", answers)

    assert ["node[0001-0950]: started"] == well
    assert ["node[0951-1000]: no answer within 10 s"] == failed
    assert "950 of 1000 ok, 50 failed" == results.summary("start", answers)
    assert 1 == results.exit_code("start", answers.values())


def test_answers_that_differ_only_in_pid_name_and_time_share_a_line():
    """They say the same; one alone is shown to the letter."""
    line = "lagent is running: pid {}, since 2026-11-24 17:10:{}, serves http://{}:9888/metrics"
    answers = {
        f"node{number}.example.org": NodeResult(0, line.format(number, 10 + number, name).encode())
        for number, name in enumerate(["node0", "node1.example.org"])
    }

    together = told("status", answers)
    alone = told("status", {"node0.example.org": answers["node0.example.org"]})

    masked = "lagent is running: pid …, since …, serves http://…:9888/metrics"
    assert ([f"node[0-1].example.org: {masked}"], []) == together
    assert ([f"node0.example.org: {line.format(0, 10, 'node0')}"], []) == alone


def test_addresses_in_what_nodes_serve_do_not_part_them():
    """An agent tells the address that it listens on, which is no part of the node's name."""
    line = "lagent is started: pid 7, serves http://{}:9888/metrics"
    answers = {
        f"n{number}": NodeResult(0, line.format(host).encode())
        for number, host in enumerate(["10.99.0.1", "10.99.0.2", "[fe80::1]"])
    }

    assert (["n[0-2]: lagent is started: pid …, serves http://…:9888/metrics"], []) == told(
        "start", answers
    )


def test_versions_stay_apart():
    """A number that is no pid may be what matters."""
    answers = {"a1": NodeResult(0, b"lagent 1.0"), "a2": NodeResult(0, b"lagent 1.1")}

    assert (["a1: lagent 1.0", "a2: lagent 1.1"], []) == told("status", answers)


@pytest.mark.parametrize(
    ("action", "word"),
    [("start", "started"), ("stop", "stopped"), ("restart", "restarted"), ("status", "runs")],
)
def test_a_command_without_words_is_told_by_what_it_did(action, word):
    """systemctl says nothing when all is well."""
    assert ([f"a: {word}"], []) == told(action, {"a": NodeResult(0)})


@pytest.mark.parametrize(
    ("codes", "code", "summary"),
    [
        ((0, 0), 0, "2 of 2 run"),
        ((0, 3), 3, "1 of 2 run, 1 does not"),
        ((1, 3, 2), 3, "0 of 3 run, 3 do not"),
        ((0, 3, None), 1, "1 of 3 run, 1 does not, 1 can't be asked"),
        ((0, 255), 1, "1 of 2 run, 1 can't be asked"),
        ((127,), 1, "0 of 1 run, 1 can't be asked"),
        ((4,), 1, "0 of 1 run, 1 can't be asked"),
    ],
)
def test_a_status_tells_what_does_not_run_from_what_cannot_be_asked(codes, code, summary):
    """As LSB's codes do; a node without the command is one that has told nothing."""
    answers = {f"n{number}": NodeResult(one) for number, one in enumerate(codes)}

    assert code == results.exit_code("status", answers.values())
    assert summary == results.summary("status", answers)


def test_what_does_not_run_is_an_answer():
    """It is told with what is well, behind it."""
    answers = {"a": NodeResult(3, b"inactive"), "b": NodeResult(0, b"active"), "c": NodeResult(3)}

    assert (["b: active", "a: inactive", "c: does not run"], []) == told("status", answers)


def test_a_start_that_fails_shows_what_the_node_says():
    """With the exit code; several lines follow, set off."""
    answers = {"a": NodeResult(5, b"no such unit\r\n"), "b": NodeResult(1, b"one\n\n  two\n")}

    _, failed = told("start", answers)

    assert [
        "a: failed (exit code 5): no such unit",
        "b: failed (exit code 1)\n    one\n    two",
    ] == (failed)


def test_what_an_interruption_leaves_open_is_told():
    """What is done is done; the exit code is that of a program that a SIGINT ended."""
    answers = {"a": NodeResult(0), "b": NodeResult(is_cut_short=True)}

    well, failed = told("stop", answers)

    assert (["a: stopped"], ["b: given up, as this was interrupted"]) == (well, failed)
    assert 130 == results.exit_code("stop", answers.values())


@pytest.mark.parametrize(
    ("said", "begins", "advice"),
    [
        ("ssh: Could not resolve hostname n1: Name or service not known", "Could not", "hosts ="),
        ("ssh: connect to host n1 port 22: Connection refused", "Connection refused", "sshd"),
        ("ssh: connect to host n1 port 22: No route to host", "No route to host", "is the node up"),
        ("ssh: connect to host n1 port 22: Connection timed out", "Connection timed", "node up"),
        ("Host key verification failed.", "Host key verification failed", "once: ssh n1"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "HOST IDENTIFICATION HAS CHANGED",
            "ssh-keygen -R n1",
        ),
        ("root@n1: Permission denied (publickey).", "Permission denied", "authorized_keys"),
        ("kex_exchange_identification: read: reset", "kex_exchange", "MaxStartups"),
        ("Bad owner or permissions on config", "or the command failed (exit code 255): Bad", ""),
    ],
)
def test_what_ssh_says_is_told_with_what_to_do(said, begins, advice):
    """In one line, which nodes share."""
    answers = {host: NodeResult(255, said.replace("n1", host).encode()) for host in ("n1", "n2")}

    _, one = told("status", {"n1": answers["n1"]})
    _, both = told("status", answers)

    assert begins in one[0]
    assert advice in one[0]
    assert 1 == len(one) == len(both)
    assert both[0].startswith("n[1-2]: ssh")


@given(st.sampled_from(ACTIONS), st.dictionaries(st.from_regex(r"n[0-9]{1,3}\Z"), ANSWERS))
def test_whatever_nodes_say_each_is_told_once_and_harmlessly(action, answers):
    """No character of theirs moves a cursor, and no text of theirs is without end."""
    well, failed = results.groups(action, answers, 10)

    hosts = [host for group in (*well, *failed) for host in group.hosts]
    lines = [line for group in (*well, *failed) for line in group.lines]
    assert sorted(answers) == sorted(hosts)
    assert all(line.isprintable() for line in lines)
    assert all(len(line) < 5000 for line in lines)
    assert bool(failed) == (results.exit_code(action, answers.values()) in (1, 130))


@given(st.binary(max_size=results.LIMIT_BYTES), st.integers(0, 10**12))
def test_what_a_node_says_takes_few_lines(said, dropped_bytes):
    """And what is left out is told."""
    lines = results.printable_lines(said, dropped_bytes)

    assert 22 >= len(lines)
    assert all(line.isprintable() for line in lines)
    assert not dropped_bytes or str(dropped_bytes) in lines[-1]


def test_colours_go_and_other_control_characters_are_seen():
    """OpenRC colours its words; a title of the window is nobody's to set."""
    said = b"\x1b[32;01m*\x1b[0m lagent \x1b]0;owned\x07 \xe2\x80\xae \xff"

    assert ["* lagent \\x1b]0;owned\\x07 \\u202e \ufffd"] == results.printable_lines(said)


@pytest.mark.parametrize(
    ("name", "start", "status"),
    [
        ("systemd", "systemctl start lagent", "systemctl is-active lagent"),
        ("OpenRC", "rc-service lagent start", "rc-service lagent status"),
        ("lagent", "lagent start", "lagent status"),
        ("sudo sv {action} x${y}", "sudo sv start x${y}", "sudo sv status x${y}"),
    ],
)
def test_the_command_is_a_preset_or_a_line(name, start, status):
    """Braces of a shell are left alone."""
    parsed = COMMAND.parse(name)

    assert (start, status) == (command(parsed, "start"), command(parsed, "status"))


def test_ssh_asks_nobody_and_takes_the_settings_first():
    """The first value of an option counts for ssh; a host is never an option."""
    one = AgentsSettings(
        ssh_user="admin", ssh_options="-p 2222 -i '/a b'", command="lagent", timeout_s=10
    )

    words = results.ssh_words(one, "n1", "stop")

    assert ["ssh", "-n", "-T", "-oBatchMode=yes", "-p", "2222", "-i", "/a b"] == words[:8]
    assert not any("StrictHostKeyChecking" in word for word in words)
    assert ["-l", "admin", "--", "n1", "lagent stop"] == words[-5:]


def test_ssh_is_not_told_to_give_up_when_it_is_given_up_anyway():
    """Otherwise which of the two comes first would be chance."""
    told = AgentsSettings().told(5, None)

    assert "-oConnectTimeout=10" in results.ssh_words(AgentsSettings(), "n1", "stop")
    assert "ConnectTimeout" not in shlex.join(results.ssh_words(told, "n1", "stop"))


def test_a_plan_tells_command_and_longest_time():
    """Ten nodes, four at a time, are three waves."""
    lines = list(results.plan(AgentsSettings(fan_out=4), [f"n{one}" for one in range(10)], "stop"))

    assert lines[0].startswith("n[0-9]: ssh ")
    assert lines[0].endswith(" -- NODE 'systemctl stop lagent'")
    assert "10 nodes, 4 at a time, 60 s for each: 180 s at most" == lines[1]


def test_progress_names_the_last_nodes():
    """And is empty in the end."""
    few = [f"n{number}" for number in range(5)]

    assert "5 of 10 done, waiting for n[0-4]" == results.progress(5, 10, few)
    assert "5 of 99 done" == results.progress(5, 99, few * 10)
    assert "" == results.progress(10, 10, [])


def test_the_section_is_read_from_the_file(tmp_path):
    """Every key, beside the defaults."""
    text = "command = openrc\nssh user = admin\nssh options = -p 22\ntimeout = 9\n"
    one = settings(tmp_path, f"{text}connect timeout = 3\nfan out = 7")

    assert AgentsSettings() == settings(tmp_path, "")
    assert ("openrc", "admin", "-p 22") == (one.command, one.ssh_user, one.ssh_options)
    assert (9.0, 3, 7) == (one.timeout_s, one.connect_timeout_s, one.fan_out)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("command = reboot", "write systemd, openrc, lagent, or a line with {action}"),
        ("ssh options = -i 'a", "has a quote that does not end"),
        ("ssh options = node1", "are no options of ssh"),
        ("ssh user = -oProxyCommand=x", "is no user"),
        ("fan out = 0", "from 1 to 400"),
        ("timeout = 5", "connect timeout: is longer than timeout = 5"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(tmp_path, line, message):
    """When the file is read, not when nodes are to be stopped."""
    with pytest.raises(ConfigError) as refused:
        settings(tmp_path, line)

    assert message in str(refused.value)


@given(st.text(max_size=50))
def test_any_options_are_refused_or_can_be_split(text):
    """What is taken never breaks a command."""
    try:
        SSH_OPTIONS.parse(text)
    except ValueError:
        return

    assert results.ssh_words(AgentsSettings(ssh_options=text), "n1", "stop")[1].startswith("-")
