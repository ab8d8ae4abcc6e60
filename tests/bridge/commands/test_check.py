"""`lmaster check`."""

import json
import logging

import pytest

from fructosa_bridge.cli import main
from fructosa_bridge.commands.check import ALL_MATCH, JOBS, NOT_IN_TIME, NOT_READ, UNKNOWN_NAMES
from fructosa_bridge.nodes.same_nodes import SAME_ADDRESS
from fructosa_bridge.slurm.job_advice import NO_CONTAIN
from fructosa_bridge.slurm_states.unmatched import NO_NODE, NO_SECTION

from ..fake_master import serving
from ..slurm_nodes import record, write_scontrol

SCONTROL = """\
#!/bin/sh
[ "$1" = ping ] && exit 0
[ "$2" = config ] && exit 1
for node in n1 n9; do
  printf "NodeName=$node CPUAlloc=0 CPUTot=4 NodeAddr=$node NodeHostName=$node "
  echo RealMemory=1 AllocMem=0 State=IDLE
done
"""


def test_targets_are_counted_by_section(config, capsys):
    """If there are several sections."""
    code = main(["check", "-c", config])

    assert 0 == code
    assert (
        f"{config}: ok, 3 targets: 2 in [nodes:fast], 1 in [nodes:slow]"
        == (capsys.readouterr().out.splitlines()[0])
    )


def test_a_node_that_is_listed_twice_is_a_warning(tmp_path, capsys):
    """The configuration is valid, but the node would be scraped and stored twice."""
    config = tmp_path / "lmaster.conf"
    config.write_text("[nodes:a]\nhosts = localhost, 127.0.0.1\n[Graphite]\nsend = no\n")

    code = main(["check", "-c", str(config)])

    warning = SAME_ADDRESS.format(hosts="127.0.0.1 and localhost", address="127.0.0.1", times=2)
    assert (0, f"warning: {warning}\n") == (code, capsys.readouterr().err)


@pytest.mark.parametrize("key", ["users file", "tls certificate"])
def test_the_files_of_web_are_checked(tmp_path, capsys, key):
    """A missing one is an error."""
    config, missing = tmp_path / "lmaster.conf", tmp_path / "missing"
    keys = {"tls key": missing, key: missing} if key.startswith("tls") else {key: missing}
    lines = "".join(f"{name} = {path}\n" for name, path in keys.items())
    config.write_text(f"[nodes:a]\nhosts = n1\n[web]\n{lines}")

    code = main(["check", "-c", str(config)])

    assert 2 == code
    assert f"{key} {missing}: " in capsys.readouterr().err


@pytest.fixture(autouse=True)
def _log_level():
    """Restore the log level, which the command changes."""
    log = logging.getLogger("lmaster.slurm")
    level = log.level
    yield
    log.setLevel(level)


@pytest.fixture
def check_slurm(tmp_path, capsys):
    """A function that checks hosts with a scontrol, and returns standard output and error."""

    def check(scontrol, hosts, port=1, more="", data="."):
        commands = tmp_path / "bin"
        commands.mkdir()
        (commands / "scontrol").write_text(scontrol)
        (commands / "scontrol").chmod(0o755)
        config = tmp_path / "lmaster.conf"
        config.write_text(
            f"[lmaster]\nhost = 127.0.0.1\nport = {port}\ndata directory = {tmp_path}/{data}\n"
            f"[slurm]\ncommands = {commands}\n{more}[nodes:all]\nhosts = {hosts}\n"
        )
        assert 0 == main(["check", "-c", str(config)])
        printed = capsys.readouterr()
        return printed.out.splitlines()[3:], printed.err

    return check


def test_hosts_and_nodes_of_slurm_that_do_not_match_are_listed(check_slurm):
    """If lmaster does not run, Slurm is read once."""
    printed, _ = check_slurm(SCONTROL, "n1,login")

    assert [
        "Slurm: " + NO_NODE.format(count=1, hosts=2, names="login"),
        "Slurm: " + NO_SECTION.format(count=1, names="n9"),
    ] == printed


def test_a_check_creates_no_data_directory(check_slurm, tmp_path):
    """It may be run by another user than lmaster, and before it."""
    printed, _ = check_slurm(SCONTROL, "n1,n9", data="data")

    assert [ALL_MATCH] == printed
    assert not (tmp_path / "data").exists()


def test_if_all_match_that_is_said(check_slurm):
    """So that silence never means that nothing was checked."""
    assert [ALL_MATCH] == check_slurm(SCONTROL, "n1,n9")[0]


def test_the_running_lmaster_is_asked_first(check_slurm):
    """Slurm is not disturbed."""
    answer = {"is_configured": True, "targets": {"states": {"idle": 1}, "mismatches": ["it knows"]}}
    with serving(200, json.dumps(answer).encode(), "application/json") as (url, requests):
        printed, _ = check_slurm("#!/bin/sh\nexit 1\n", "n1", port=url.rpartition(":")[2])

    assert ["Slurm: it knows"] == printed
    assert 1 == len(requests)


@pytest.mark.parametrize(("more", "lines"), [("[jobs]\n", [f"Slurm: {NO_CONTAIN}"]), ("", [])])
def test_what_hides_the_use_of_jobs_is_listed_if_they_are_kept(check_slurm, more, lines):
    """As the running lmaster has read it; one of before says nothing of it."""
    answer = {
        "is_configured": True,
        "targets": {"states": {"idle": 1}, "mismatches": []},
        "job_advice": [NO_CONTAIN],
    }
    with serving(200, json.dumps(answer).encode(), "application/json") as (url, _):
        printed, _ = check_slurm("#!/bin/sh\nexit 1\n", "n1", url.rpartition(":")[2], more)

    assert (lines or [ALL_MATCH]) == [line for line in printed if not line.startswith("jobs: ")]


@pytest.mark.parametrize(
    ("more", "time"),
    [("", "5 years"), ("keep for = 365\n", "1 year"), ("keep for = 30\n", "30 days")],
)
def test_where_jobs_are_kept_is_said(tmp_path, capsys, more, time):
    """And for how long; administrators who do not exist are a warning."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\ndata directory = {tmp_path}\n[slurm]\n[jobs]\nsocket = {tmp_path}/s\n"
        f"admins = root, no-such-user\nadmin group = no-such-group\n{more}"
    )

    code = main(["check", "-c", str(config)])

    printed = capsys.readouterr()
    line = JOBS.format(folder=tmp_path / "jobs", socket=tmp_path / "s", time=time)
    assert (0, line) == (code, printed.out.splitlines()[-1])
    assert [
        UNKNOWN_NAMES.format(problem="admins: there is no user no-such-user"),
        UNKNOWN_NAMES.format(problem="admin group: there is no group no-such-group"),
    ] == printed.err.splitlines()


@pytest.mark.parametrize(
    ("scontrol", "reason"),
    [
        ("#!/bin/sh\necho Slurmctld is DOWN\nexit 1\n", "Slurmctld is DOWN"),
        ("#!/bin/sh\nexec sleep 60\n", NOT_IN_TIME.format(deadline_s=1)),
    ],
)
def test_if_slurm_cannot_be_read_that_is_a_warning(check_slurm, scontrol, reason):
    """The configuration may be fine. No command runs longer than its deadline."""
    printed, errors = check_slurm(scontrol, "n1", more="deadline = 1\n")

    assert [] == printed
    assert NOT_READ.partition("{")[0] in errors
    assert reason in errors


def test_slurms_nodes_are_counted_as_others(tmp_path, capsys):
    """By one reading, if lmaster has kept no list."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\ndata directory = {tmp_path}\nshard = 1/1\n[nodes:all]\nhosts = @slurm\n"
        f"[slurm]\ncommands = {tmp_path}\n"
    )
    write_scontrol(tmp_path, record("n1"), record("n2"))

    code = main(["check", "-c", str(config)])

    assert 0 == code
    assert f"{config}: ok, 2 targets" == capsys.readouterr().out.splitlines()[0]
