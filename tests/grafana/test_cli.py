"""`lmaster dashboards`, as people type it."""

import json
import os

import pytest

from fructosa_bridge.cli import main
from fructosa_grafana import files

from .grafana_api import TOKEN, grafana


@pytest.fixture
def config(tmp_path):
    """A configuration with a prefix, and with sections of two intervals."""
    path = tmp_path / "lmaster.conf"
    path.write_text(
        "[nodes:a]\nhosts = n1\ninterval = 60\n[nodes:b]\nhosts = n2\ninterval = 5\n"
        "[Graphite]\nprefix = site.cluster\n"
    )
    return str(path)


def ran(capsys, *arguments):
    """Run the command; return its exit code, and what it had to say, on each stream."""
    code = main(["dashboards", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def there(folder):
    """Return the files in a folder with their texts."""
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_everything_that_grafana_reads_is_written_below_a_folder(config, tmp_path, capsys):
    """Data sources and dashboards, which begin with what the configuration says."""
    code, said, _ = ran(capsys, "-c", config, "--output", str(tmp_path / "made/here"))

    found = there(tmp_path / "made/here")
    assert 0 == code
    assert len(found) == said.count("written: ")
    assert f"path: '{tmp_path}/made/here/dashboards/" in found["dashboards/fructosa.yaml"].replace(
        '"', "'"
    )
    board = json.loads(found["dashboards/fructosa/graphite/cluster.json"])
    begin = {
        one["name"]: one.get("current", {}).get("value") for one in board["templating"]["list"]
    }
    assert ("site.cluster.", "5s") == (begin["prefix"], begin["interval"])


def test_a_second_time_writes_the_same(config, tmp_path, capsys):
    """Nothing of what is there is somebody's own."""
    ran(capsys, "-c", config, "--output", str(tmp_path / "made"))
    before = there(tmp_path / "made")

    code, _, _ = ran(capsys, "-c", config, "--output", str(tmp_path / "made"))

    assert (0, before) == (code, there(tmp_path / "made"))


@pytest.mark.parametrize(
    "name", ["datasources/fructosa.yaml", "dashboards/fructosa/graphite/node.json"]
)
def test_a_file_that_somebody_else_has_made_is_kept(name, config, tmp_path, capsys):
    """Then nothing is written at all."""
    own = tmp_path / "made" / name
    own.parent.mkdir(parents=True)
    own.write_text("my own")

    code, said, why = ran(capsys, "-c", config, "--output", str(tmp_path / "made"))

    assert (2, "", {name: "my own"}) == (code, said, there(tmp_path / "made"))
    assert f"{own} was not written by lmaster" in why


def test_one_kind_of_data_source_alone(config, tmp_path, capsys):
    """Who has no Prometheus has no data source that does not answer."""
    ran(capsys, "-c", config, "--output", str(tmp_path / "made"), "--for", "graphite")

    found = there(tmp_path / "made")
    assert not any("prometheus" in name for name in found)
    assert "fructosa-prometheus" not in found["datasources/fructosa.yaml"]
    assert "fructosa-graphite" in found["datasources/fructosa.yaml"]


def test_data_sources_are_where_the_command_line_says(config, tmp_path, capsys):
    """And the dashboards where Grafana will find them, which may be another machine."""
    ran(
        capsys,
        *("-c", config, "--output", str(tmp_path / "made"), "--read-at", "/etc/grafana/there"),
        *("--graphite-url", "https://graphite.example/g", "--prometheus-url", "http://p:1"),
    )

    found = there(tmp_path / "made")
    assert "https://graphite.example/g" in found["datasources/fructosa.yaml"]
    assert "http://p:1" in found["datasources/fructosa.yaml"]
    assert "/etc/grafana/there/dashboards/fructosa" in found["dashboards/fructosa.yaml"]


def test_rules_are_written_for_prometheus(config, tmp_path, capsys):
    """Into a folder of its own: Grafana reads none of them."""
    code, _, _ = ran(capsys, "-c", config, "--rules", str(tmp_path / "rules"))

    assert (0, files.for_prometheus()) == (code, there(tmp_path / "rules"))


def test_dashboards_are_pushed_and_each_is_told(config, tmp_path, capsys):
    """First they are created, then nothing has changed."""
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    with grafana() as api:
        how = ("-c", config, "--push", api.url, "--token-file", str(token))

        first = ran(capsys, *how)
        second = ran(capsys, *how, "--dry-run")

        assert {board["uid"] for board in files.models()} == set(api.dashboards)
    assert (0, 9, "") == (first[0], first[1].count("created: "), first[2])
    assert (0, 8, "") == (second[0], second[1].count("unchanged: "), second[2])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "say where to: --output DIR for files that Grafana reads"),
        (["--output", "/x", "--dry-run"], "--dry-run goes with --push; give that too"),
        (["--rules", "/x", "--token-file", "/t"], "--token-file goes with --push; give that too"),
        (["--push", "http://x", "--graphite-url", "http://g"], "--graphite-url goes with --output"),
        (["--output", "/x", "--graphite-url", "ftp://g"], "--graphite-url"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments, why, config, capsys):
    """Before anything is written or sent."""
    code, said, told = ran(capsys, "-c", config, *arguments)

    assert (2, "") == (code, said)
    assert why in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_folder_that_can_not_be_written_is_told(config, tmp_path, capsys):
    """With its path."""
    tmp_path.chmod(0o500)

    code, _, told = ran(capsys, "-c", config, "--output", str(tmp_path / "made"))

    assert 1 == code
    assert f"can't make the folder {tmp_path / 'made'}" in told


def test_a_path_through_a_file_is_told(config, tmp_path, capsys):
    """It is no folder."""
    (tmp_path / "file").write_text("")

    code, _, told = ran(capsys, "-c", config, "--rules", str(tmp_path / "file/rules"))

    assert 1 == code
    assert "can't " in told
    assert str(tmp_path / "file/rules") in told


def test_another_naming_is_warned_of(config, tmp_path, capsys):
    """Graphite's dashboards ask for the paths of naming = plain."""
    (tmp_path / "lmaster.conf").write_text("[nodes:a]\nhosts = n1\n[Graphite]\nnaming = tagged\n")

    code, _, told = ran(capsys, "-c", config, "--rules", str(tmp_path / "rules"))

    assert 0 == code
    assert "warning: " in told
    assert "naming = tagged" in told
