"""Provisioning files, parsed as Grafana parses them."""

from pathlib import PurePosixPath

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fructosa_grafana.provisioning import provisioning, quoted
from fructosa_service.errors import UsageError

from .provisioning_schema import DATA_SOURCES, PROVIDERS

SOURCES_FILE = "datasources/fructosa.yaml"
PROVIDERS_FILE = "dashboards/fructosa.yaml"
SCHEMAS = {SOURCES_FILE: DATA_SOURCES, PROVIDERS_FILE: PROVIDERS}
# Characters that are special in YAML, Grafana or a shell, and any others a name may have.
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"\\:#{}[]&*!|>%@`$~-?, \t\r\n\x7f\x85\xa0\u2028\u2029\ufeff\U0001f600"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    )
)


def parsed(**options):
    """Return the parsed files by their paths."""
    return {name: yaml.safe_load(text) for name, text in provisioning(**options).items()}


def expanded(text):
    """Return a string after Grafana's expansion of variables.

    $$ is a dollar sign; a single $ would begin the name of a variable.
    """
    parts = text.split("$$")
    assert "$" not in "".join(parts)
    return "$".join(parts)


def sources(**options):
    """Return the data sources by type."""
    return {source["type"]: source for source in parsed(**options)[SOURCES_FILE]["datasources"]}


def providers(**options):
    """Return the providers of dashboards by name."""
    found = parsed(**options)[PROVIDERS_FILE]["providers"]
    return {provider["name"]: provider for provider in found}


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize(
    "backends", [["graphite"], ["prometheus"], ["prometheus", "graphite"]], ids="+".join
)
def test_files_have_only_documented_keys(name, backends):
    """With values of the documented types: Grafana silently ignores unknown keys."""
    Draft202012Validator.check_schema(SCHEMAS[name])

    wrong = list(Draft202012Validator(SCHEMAS[name]).iter_errors(parsed(backends=backends)[name]))

    assert [] == wrong


def test_files_have_the_paths_that_grafana_expects():
    """Below its provisioning directory."""
    assert SCHEMAS.keys() == provisioning().keys()


def test_the_schema_detects_errors():
    """An undocumented key, at each level, and a number as text."""
    found = parsed()[SOURCES_FILE]
    found["datasources"][0]["jsonData"]["timeInterval"] = "10s"  # Graphite has none
    found["datasources"][1]["orgId"] = "1"
    found["prune"] = True

    wrong = list(Draft202012Validator(DATA_SOURCES).iter_errors(found))

    assert 3 == len(wrong)


def test_the_graphite_data_source_has_a_fixed_uid():
    """It does not replace the default data source."""
    graphite = sources(graphite_url="https://graphite.example.org/render")["graphite"]

    assert "https://graphite.example.org/render" == graphite["url"]
    assert ("fructosa-graphite", "proxy", False) == (
        graphite["uid"],
        graphite["access"],
        graphite["isDefault"],
    )
    assert {"graphiteVersion": "1.1"} == graphite["jsonData"]


def test_the_prometheus_data_source_has_the_scrape_interval():
    """Otherwise rates would be computed over ranges with a single sample."""
    prometheus = sources(interval_s=30)["prometheus"]

    assert "http://localhost:9090" == prometheus["url"]
    assert {"timeInterval": "30s", "httpMethod": "POST"} == prometheus["jsonData"]


@pytest.mark.parametrize("backend", ["graphite", "prometheus"])
def test_there_may_be_only_one_data_source(backend):
    """With its dashboards."""
    assert [backend] == list(sources(backends=[backend]))
    assert [f"fructosa-{backend}"] == list(providers(backends=[backend]))


def test_providers_have_the_path_at_which_grafana_reads_dashboards():
    """It may differ from the path they are written to."""
    found = providers(folder=PurePosixPath("/srv/grafana"))

    assert [
        "/srv/grafana/dashboards/fructosa/graphite",
        "/srv/grafana/dashboards/fructosa/prometheus",
    ] == [provider["options"]["path"] for provider in found.values()]
    assert {("FrUCToSA", "fructosa")} == {
        (provider["folder"], provider["folderUid"]) for provider in found.values()
    }


@given(HOSTILE)
@example("a: b # c")
@example("${HOME} $$ $__file{/etc/passwd}")
@example("x\n  - name: mine")
def test_a_quoted_string_is_read_unchanged(text):
    """With any characters."""
    assert text == expanded(yaml.safe_load(f"- key: {quoted(text)}  # comment")[0]["key"])


@given(HOSTILE)
def test_any_folder_and_url_stay_one_value(text):
    """They never become another key, a comment or a variable."""
    folder = PurePosixPath("/") / text
    found = parsed(folder=folder, graphite_url=f"http://{text}", prometheus_url=f"http://{text}")

    for name, schema in SCHEMAS.items():
        assert [] == list(Draft202012Validator(schema).iter_errors(found[name]))
    for source in found[SOURCES_FILE]["datasources"]:
        assert f"http://{text}" == expanded(source["url"])
    for provider, backend in zip(
        found[PROVIDERS_FILE]["providers"], ["graphite", "prometheus"], strict=True
    ):
        expected = str(folder / "dashboards" / "fructosa" / backend)
        assert expected == expanded(provider["options"]["path"])


@pytest.mark.parametrize("folder", ["grafana", "", "/a\0b"])
def test_a_relative_folder_is_rejected(folder):
    """Grafana would resolve it from its own working directory."""
    with pytest.raises(UsageError, match="is not an absolute path"):
        provisioning(PurePosixPath(folder))


def test_a_folder_that_is_not_utf_8_is_rejected():
    """YAML is Unicode."""
    with pytest.raises(UsageError, match="is not UTF-8"):
        provisioning(PurePosixPath(b"/\xff".decode(errors="surrogateescape")))
