"""`lmaster nodes`."""

import json

import pytest

from fructosa_bridge.cli import main
from fructosa_bridge.client.client import NOT_LMASTER
from fructosa_bridge.slurm_states.kept_nodes import KeptNodes
from fructosa_service.errors import DID_YOU_MEAN

from ..fake_master import serving, serving_targets
from ..slurm_nodes import reading, record


def test_targets_are_listed_as_table_or_json(capsys):
    """All, or those selected by name and state."""
    with serving_targets("n1", "n2", up=True) as (url, requests):
        table_code = main(["nodes", "--url", url])
        table = capsys.readouterr().out
        json_code = main(["nodes", "n2", "--json", "--state", "up", "--url", f"{url}/"])
        listed = json.loads(capsys.readouterr().out)
        down_code = main(["nodes", "--json", "--state", "down", "--url", url])

    assert (0, 0, 0) == (table_code, json_code, down_code)
    assert 3 == len(table.splitlines())
    assert ["n2:9888"] == [one["name"] for one in listed]
    assert "[]\n" == capsys.readouterr().out
    assert {("GET", "/api/targets", None)} == set(requests)


def test_slurm_selects_the_nodes_that_the_lmaster_on_this_machine_keeps(tmp_path, capsys):
    """As in hosts."""
    config = tmp_path / "lmaster.conf"
    config.write_text(f"[lmaster]\ndata directory = {tmp_path}\n[slurm]\n")
    KeptNodes(tmp_path).update(reading(record("n1", "a"), record("n2")), 600)

    with serving_targets("n1", "n2", up=True) as (url, _):
        code = main(["nodes", "@slurm:a", "--json", "--url", url, "-c", str(config)])

    assert 0 == code
    assert ["n1:9888"] == [one["name"] for one in json.loads(capsys.readouterr().out)]


def test_a_node_that_lmaster_does_not_have_is_an_error(capsys):
    """The message suggests a similar name."""
    with serving_targets("node1") as (url, _):
        code = main(["nodes", "node7", "--url", url])

    assert 2 == code
    assert DID_YOU_MEAN.format(name="node1") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"<html>", "text/html"), (b"\xff\xfe", "application/json")]
)
def test_another_server_is_an_error(body, content_type, capsys):
    """Exit code 1."""
    with serving(200, body, content_type) as (url, _):
        code = main(["nodes", "--url", url])

    assert 1 == code
    error = NOT_LMASTER.format(url=url, reason="its response is not a list of targets")
    assert error in capsys.readouterr().err
