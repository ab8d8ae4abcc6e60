"""`lmaster dashboards`: what it takes from lmaster's configuration."""

import json

import pytest

from fructosa_bridge.cli import main


def written(folder, *words):
    """Write the dashboards to a folder; return their JSON text by name."""
    assert 0 == main(["dashboards", "--output", str(folder), *words])
    return {path.name: path.read_text() for path in folder.rglob("*.json")}


def test_dashboards_have_the_prefix_of_the_configuration(config, tmp_path, capsys):
    """Their queries find the series of this cluster."""
    texts = written(tmp_path / "out", "--for", "graphite", "-c", config)

    assert "cluster." in texts["node.json"]
    assert json.loads(texts["node.json"])
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize(("backend", "warns"), [("graphite", True), ("prometheus", False)])
def test_another_naming_scheme_is_a_warning_for_graphite(backend, warns, tmp_path, capsys):
    """Its dashboards use the paths of naming = plain."""
    config = tmp_path / "lmaster.conf"
    config.write_text("[nodes:a]\nhosts = n1\n[Graphite]\nnaming = tagged\n")

    written(tmp_path / "out", "--for", backend, "-c", str(config))

    assert warns == ("naming = tagged" in capsys.readouterr().err)
