"""The command `lmaster dashboards`."""

import json
import os

import pytest

from fructosa_bridge.cli import main
from fructosa_grafana import files

from .push.fake_grafana import TOKEN, grafana


@pytest.fixture
def config(tmp_path):
    """Write a configuration with a prefix and sections of two intervals; return its path."""
    path = tmp_path / "lmaster.conf"
    path.write_text(
        "[nodes:a]\nhosts = n1\ninterval = 60\n[nodes:b]\nhosts = n2\ninterval = 5\n"
        "[Graphite]\nprefix = site.cluster\n"
    )
    return str(path)


def run(capsys, *arguments):
    """Run the command; return its exit code, and its output on stdout and stderr."""
    code = main(["dashboards", *arguments])
    output = capsys.readouterr()
    return code, output.out, output.err


def texts(folder):
    """Return the texts of all files in a directory by their paths."""
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_output_writes_data_sources_and_dashboards(config, tmp_path, capsys):
    """With the defaults of the configuration: its prefix and its shortest interval."""
    code, output, _ = run(capsys, "-c", config, "--output", str(tmp_path / "made/here"))

    found = texts(tmp_path / "made/here")
    assert 0 == code
    assert len(found) == output.count("written: ")
    assert f'path: "{tmp_path}/made/here/dashboards/' in found["dashboards/fructosa.yaml"]
    board = json.loads(found["dashboards/fructosa/graphite/cluster.json"])
    defaults = {
        variable["name"]: variable.get("current", {}).get("value")
        for variable in board["templating"]["list"]
    }
    assert ("site.cluster.", "5s") == (defaults["prefix"], defaults["interval"])


def test_output_overwrites_its_own_files(config, tmp_path, capsys):
    """With the same texts."""
    run(capsys, "-c", config, "--output", str(tmp_path / "made"))
    before = texts(tmp_path / "made")

    code, _, _ = run(capsys, "-c", config, "--output", str(tmp_path / "made"))

    assert (0, before) == (code, texts(tmp_path / "made"))


@pytest.mark.parametrize(
    "name", ["datasources/fructosa.yaml", "dashboards/fructosa/graphite/node.json"]
)
def test_output_keeps_a_file_that_it_has_not_written(name, config, tmp_path, capsys):
    """And writes nothing at all."""
    own = tmp_path / "made" / name
    own.parent.mkdir(parents=True)
    own.write_text("my own")

    code, output, error = run(capsys, "-c", config, "--output", str(tmp_path / "made"))

    assert (2, "", {name: "my own"}) == (code, output, texts(tmp_path / "made"))
    assert str(own) in error


def test_output_for_one_data_source_only(config, tmp_path, capsys):
    """A data source that does not exist would only show errors."""
    run(capsys, "-c", config, "--output", str(tmp_path / "made"), "--for", "graphite")

    found = texts(tmp_path / "made")
    assert not any("prometheus" in name for name in found)
    assert "fructosa-prometheus" not in found["datasources/fructosa.yaml"]
    assert "fructosa-graphite" in found["datasources/fructosa.yaml"]


def test_output_uses_the_given_urls_and_directory(config, tmp_path, capsys):
    """Grafana may run on another machine."""
    run(
        capsys,
        *("-c", config, "--output", str(tmp_path / "made"), "--read-at", "/etc/grafana/there"),
        *("--graphite-url", "https://graphite.example/g", "--prometheus-url", "http://p:1"),
    )

    found = texts(tmp_path / "made")
    assert "https://graphite.example/g" in found["datasources/fructosa.yaml"]
    assert "http://p:1" in found["datasources/fructosa.yaml"]
    assert "/etc/grafana/there/dashboards/fructosa" in found["dashboards/fructosa.yaml"]


def test_rules_are_written_for_prometheus(config, tmp_path, capsys):
    """To a directory of their own."""
    code, _, _ = run(capsys, "-c", config, "--rules", str(tmp_path / "rules"))

    assert (0, files.rule_files()) == (code, texts(tmp_path / "rules"))


def test_push_prints_the_result_of_each_dashboard(config, tmp_path, capsys):
    """First they are created, then they are unchanged."""
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    with grafana() as fake:
        arguments = ("-c", config, "--push", fake.url, "--token-file", str(token))

        first = run(capsys, *arguments)
        second = run(capsys, *arguments, "--dry-run")

        assert {board["uid"] for board in files.models()} == set(fake.dashboards)
    assert (0, 11, "") == (first[0], first[1].count("created: "), first[2])
    assert (0, 10, "") == (second[0], second[1].count("unchanged: "), second[2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to do; give --output DIR"),
        (["--output", "/x", "--dry-run"], "--dry-run requires --push"),
        (["--rules", "/x", "--token-file", "/t"], "--token-file requires --push"),
        (["--push", "http://x", "--graphite-url", "http://g"], "--graphite-url requires --output"),
        (["--output", "/x", "--graphite-url", "ftp://g"], "--graphite-url 'ftp://g' is not a val"),
    ],
)
def test_options_that_are_missing_or_wrong_are_errors(arguments, message, config, capsys):
    """Before anything is written or sent."""
    code, output, error = run(capsys, "-c", config, *arguments)

    assert (2, "") == (code, output)
    assert message in error


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_created_is_an_error(config, tmp_path, capsys):
    """With its path."""
    tmp_path.chmod(0o500)

    code, _, error = run(capsys, "-c", config, "--output", str(tmp_path / "made"))

    assert 1 == code
    assert str(tmp_path / "made") in error


def test_a_path_through_a_file_is_an_error(config, tmp_path, capsys):
    """A file is not a directory."""
    (tmp_path / "file").write_text("")

    code, _, error = run(capsys, "-c", config, "--rules", str(tmp_path / "file/rules"))

    assert 1 == code
    assert str(tmp_path / "file/rules") in error


def test_another_naming_scheme_is_a_warning(config, tmp_path, capsys):
    """The dashboards for Graphite query the paths of naming = plain."""
    (tmp_path / "lmaster.conf").write_text("[nodes:a]\nhosts = n1\n[Graphite]\nnaming = tagged\n")

    code, _, error = run(capsys, "-c", config, "--rules", str(tmp_path / "rules"))

    assert 0 == code
    assert "warning: " in error
    assert "naming = tagged" in error
