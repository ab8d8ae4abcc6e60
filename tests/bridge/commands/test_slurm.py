"""`lmaster slurm`."""

import json
import os
import socket

from fructosa_bridge.cli import main
from fructosa_bridge.client.client import NOT_LMASTER
from fructosa_bridge.client.slurm_report import NOT_A_SUMMARY, NOT_CONFIGURED
from fructosa_bridge.commands.slurm import CANNOT_LOCK
from fructosa_bridge.slurm.command import MISSING
from fructosa_bridge.slurm.summary import summary
from tests.bridge.slurm.small_cluster import READING, SAMPLES, STATES

from ..fake_master import serving
from ..job_server.other_user import OTHER_UID, needs_root


def body(is_up=True):
    """Return a response to /api/slurm."""
    return json.dumps(summary(READING, STATES, SAMPLES, {}, is_up=is_up)).encode()


def test_the_running_lmaster_is_asked_and_its_state_is_the_exit_code(capsys):
    """A table for people, or JSON; 1 if slurmctld does not respond."""
    with serving(200, body(), "application/json") as (url, requests):
        codes = main(["slurm", "--url", url]), main(["slurm", "--json", "--url", url])
    text = capsys.readouterr().out
    with serving(200, body(is_up=False), "application/json") as (url, _):
        down = main(["slurm", "--url", url])

    assert ((0, 0), 1) == (codes, down)
    assert text.startswith("lab (Slurm 22.05.8): slurmctld responds")
    assert "lab" == json.loads(text[text.index("{") :])["cluster"]
    assert {("GET", "/api/slurm", None)} == set(requests)


def test_an_lmaster_that_does_not_read_slurm_is_an_error(capsys):
    """The message says what to add."""
    with serving(200, b'{"is_configured": false}', "application/json") as (url, _):
        code = main(["slurm", "--url", url])

    assert 2 == code
    assert NOT_CONFIGURED in capsys.readouterr().err


def test_without_a_running_lmaster_slurm_is_read(tmp_path, capsys):
    """Here its commands are missing, which is in the report; Slurm does not respond."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\nport = {free_port()}\ndata directory = {tmp_path}/data\n"
        f"[slurm]\ncommands = {tmp_path}\n"
    )

    code = main(["slurm", "-c", str(config)])

    assert 1 == code
    missing = MISSING.format(command="scontrol", folder=tmp_path)
    assert f"Slurm: slurmctld does not respond\nping: {missing}\n" == capsys.readouterr().out


def test_a_data_directory_that_cannot_be_locked_is_an_error(tmp_path, capsys):
    """The message says what to do."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "slurm.lock").symlink_to(tmp_path / "elsewhere")
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\nport = {free_port()}\ndata directory = {tmp_path}/data\n[slurm]\n"
    )

    code = main(["slurm", "-c", str(config)])

    assert 1 == code
    path = tmp_path / "data" / "slurm.lock"
    message = CANNOT_LOCK.format(path=path, reason="Too many levels of symbolic links")
    assert message in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


def test_reading_slurm_makes_no_data_directory(tmp_path, capsys):
    """Where lmaster has not run yet, its user is still to make it."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\nport = {free_port()}\ndata directory = {tmp_path}/data\n"
        f"[slurm]\ncommands = {tmp_path}\n"
    )

    main(["slurm", "-c", str(config)])

    assert [config] == list(tmp_path.iterdir())


@needs_root
def test_what_root_locks_the_user_of_lmaster_can_lock_too(tmp_path, capsys):
    """The lock belongs to whom its folder belongs to, whoever made it; nobody else can open it."""
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", OTHER_UID, OTHER_UID)
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\nport = {free_port()}\ndata directory = {tmp_path}/data\n"
        f"[slurm]\ncommands = {tmp_path}\n"
    )

    for _ in range(2):
        main(["slurm", "-c", str(config)])

    found = (tmp_path / "data" / "slurm.lock").stat()
    assert (OTHER_UID, OTHER_UID, 0o600) == (found.st_uid, found.st_gid, found.st_mode & 0o777)


def free_port():
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_another_server_is_an_error(capsys):
    """Exit code 1."""
    with serving(200, b"[]", "application/json") as (url, _):
        code = main(["slurm", "--url", url])

    assert 1 == code
    assert NOT_LMASTER.format(url=url, reason=NOT_A_SUMMARY) in capsys.readouterr().err
