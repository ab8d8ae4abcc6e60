"""Real pages, parsed by prometheus_client and by lmaster."""

import shutil
from math import isfinite

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from fructosa_bridge.translate.text_format import samples
from fructosa_bridge.translate.translator import Translator
from tests.services import program

from .processes import Program, free_port


def assert_parsed_alike(page):
    """Check that both parsers find the same samples, and that each finite one gives a point."""
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


def test_the_default_page_of_an_agent_is_parsed_alike(agent):
    """The agent has no configuration."""
    assert_parsed_alike(requests.get(agent.url, timeout=10).text)


def test_a_page_with_all_sensors_is_parsed_alike(full_agent):
    """It also has addresses and users."""
    assert_parsed_alike(requests.get(full_agent.url, timeout=10).text)


def test_the_page_of_lmaster_is_parsed_alike(agent, master):
    """lmaster can scrape itself."""
    running = master("--node", agent.address, "--data", agent.log.parent / "data")

    assert_parsed_alike(requests.get(f"{running.url}metrics", timeout=10).text)


@pytest.mark.parametrize(
    ("name", "command"),
    [("prometheus", ["--config.file=/dev/null", "--storage.tsdb.path={folder}/data"])],
)
def test_the_page_of_another_program_is_parsed_alike(tmp_path, name, command):
    """It has histograms, summaries and NaN."""
    program(name, name)
    port = free_port()
    words = [word.format(folder=tmp_path) for word in command]
    listen = f"--web.listen-address=127.0.0.1:{port}"
    with Program(tmp_path / "log", shutil.which(name), listen, *words) as running:
        running.wait_for_output("Server is ready")

        assert_parsed_alike(requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text)
