"""All generated files, by name."""

from fructosa_grafana.dashboards import DASHBOARDS
from fructosa_grafana.files import file_stem, models, provisioning_files, rule_files
from fructosa_grafana.panels.panel import BACKENDS


def test_there_is_a_model_per_dashboard_and_data_source():
    """Each with its own uid."""
    assert len(DASHBOARDS) * len(BACKENDS) == len({board["uid"] for board in models()})


def test_a_prefix_ends_with_a_dot_in_paths():
    """Unless it is empty."""
    prefixes = [
        {one["name"]: one.get("query") for one in board["templating"]["list"]}["prefix"]
        for prefix in ("", "site.cluster")
        for board in models(["graphite"], prefix=prefix)[:1]
    ]

    assert ["", "site.cluster."] == prefixes


def test_files_are_named_after_their_dashboards():
    """So that people find them."""
    assert [board.name for board in DASHBOARDS] == [
        file_stem(made) for made in models(["graphite"])
    ]


def test_each_data_source_has_a_directory_of_dashboards():
    """Beside the files that name data sources and directories."""
    names = provisioning_files(backends=["graphite"]).keys()

    assert {"datasources/fructosa.yaml", "dashboards/fructosa.yaml"} | {
        f"dashboards/fructosa/graphite/{board.name}.json" for board in DASHBOARDS
    } == names


def test_prometheus_gets_two_rule_files():
    """Recording rules can be used without the alerts."""
    assert {"fructosa-recording.yml", "fructosa-alerts.yml"} == rule_files().keys()
