"""An existing Prometheus that scrapes an agent."""

import requests

from .processes import wait_until


def page(agent):
    """Return the agent's page."""
    answer = requests.get(agent.url, timeout=10)
    answer.raise_for_status()
    return answer.text


def value(page, series):
    """Return the value of a series."""
    (line,) = [line for line in page.splitlines() if line.startswith(f"{series} ")]
    return float(line.rpartition(" ")[2])


def test_prometheus_stores_the_values_of_the_agent(agent, prometheus):
    """Values that do not change are the same as on the page."""
    query = prometheus(agent.address)
    text = page(agent)

    for series in (
        "fructosa_boot_time_seconds",
        "fructosa_memory_total_bytes",
        "fructosa_cpu_threads",
        'fructosa_filesystem_total_bytes{mountpoint="/"}',
    ):
        assert [value(text, series)] == [stored for _, stored in query(series)]
    successes = {labels["sensor"]: stored for labels, stored in query("fructosa_sensor_success")}
    assert {
        sensor: value(text, f'fructosa_sensor_success{{sensor="{sensor}"}}') for sensor in successes
    } == successes
    assert text.count("\nfructosa_sensor_success{") == len(successes) > 0


def test_prometheus_computes_rates_of_the_agents_counters(agent, prometheus):
    """Two scrapes are enough for a rate."""
    query = prometheus(agent.address)
    rate = 'rate(fructosa_cpu_seconds_total{mode="idle"}[1m])'

    rates = wait_until(lambda: query(rate), lambda: rate)

    assert all(0 <= value < 10 for _, value in rates)


def test_promtool_accepts_the_default_page(agent, promtool):
    """Names, types, units and help follow the conventions of Prometheus."""
    assert (0, "") == promtool(page(agent))


def test_promtool_accepts_a_page_with_all_sensors(full_agent, promtool):
    """It includes all optional data."""
    assert (0, "") == promtool(page(full_agent))


def test_promtool_rejects_a_bad_page(promtool):
    """So the check can fail."""
    code, said = promtool("# HELP queueLength Things.\n# TYPE queueLength counter\nqueueLength 1\n")

    assert code == 3
    assert "queueLength" in said
