"""Real pages, read by prometheus_client's parser and by lmaster's."""

import shutil
from math import isfinite

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from fructosa_bridge.translate.text_format import samples
from fructosa_bridge.translate.translator import Translator

from .conftest import program
from .processes import Program, free_port


def assert_read_alike(page):
    """Both parsers find the same samples, and each gives a point."""
    expected = {
        (sample.name, frozenset(sample.labels.items()), repr(float(sample.value)))
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    found = list(samples(page))
    translated = Translator().translate(page, "n", 10**6)

    assert expected == {(name, frozenset(labels), repr(value)) for name, labels, value, _ in found}
    assert len(found) == translated.samples == len(expected)
    assert sum(isfinite(sample.value) for sample in found) == len(translated.points)


def test_the_agents_page_is_read_alike(agent):
    """As it is without a configuration."""
    assert_read_alike(requests.get(agent.url, timeout=10).text)


def test_the_page_of_all_sensors_is_read_alike(full_agent):
    """With addresses and users too."""
    assert_read_alike(requests.get(full_agent.url, timeout=10).text)


def test_lmasters_own_page_is_read_alike(agent, master):
    """It is one more page to be scraped."""
    running = master("--node", agent.place, "--data", agent.log.parent / "data")

    assert_read_alike(requests.get(f"{running.url}metrics", timeout=10).text)


@pytest.mark.parametrize(
    ("name", "command"),
    [("prometheus", ["--config.file=/dev/null", "--storage.tsdb.path={folder}/data"])],
)
def test_the_page_of_a_foreign_exporter_is_read_alike(tmp_path, name, command):
    """lmaster scrapes whatever speaks the format: histograms, summaries, NaN."""
    program(name, name)
    port = free_port()
    words = [word.format(folder=tmp_path) for word in command]
    listen = f"--web.listen-address=127.0.0.1:{port}"
    with Program(tmp_path / "log", shutil.which(name), listen, *words) as running:
        running.said("Server is ready")

        assert_read_alike(requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text)
