"""What a Grafana reads at its start, read as it reads it."""

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
# What YAML, Grafana or a shell gives a meaning to, beside whatever else a name may hold.
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"\\:#{}[]&*!|>%@`$~-?, \t\r\n\x7f\x85\xa0\u2028\u2029\ufeff\U0001f600"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    )
)


def read(**how):
    """Return what the files say, by their paths."""
    return {name: yaml.safe_load(text) for name, text in provisioning(**how).items()}


def expanded(text):
    """Return what Grafana makes of a string, with no variable in its environment.

    It takes $$ for a dollar, and a single one for the beginning of a variable's name.
    """
    parts = text.split("$$")
    assert "$" not in "".join(parts)
    return "$".join(parts)


def sources(**how):
    """Return the data sources by their types."""
    return {source["type"]: source for source in read(**how)[SOURCES_FILE]["datasources"]}


def providers(**how):
    """Return the providers of dashboards by their names."""
    found = read(**how)[PROVIDERS_FILE]["providers"]
    return {provider["name"]: provider for provider in found}


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize(
    "backends", [["graphite"], ["prometheus"], ["prometheus", "graphite"]], ids="+".join
)
def test_the_files_have_only_what_grafana_documents(name, backends):
    """Each key with its type: Grafana passes over what it doesn't know, without a word."""
    Draft202012Validator.check_schema(SCHEMAS[name])

    wrong = list(Draft202012Validator(SCHEMAS[name]).iter_errors(read(backends=backends)[name]))

    assert [] == wrong


def test_the_files_are_those_that_a_packaged_grafana_looks_for():
    """Below its folder of provisioning."""
    assert SCHEMAS.keys() == provisioning().keys()


def test_the_schema_notices_what_is_wrong():
    """A key that isn't documented, at each level; and a number as text."""
    found = read()[SOURCES_FILE]
    found["datasources"][0]["jsonData"]["timeInterval"] = "10s"  # Graphite has none
    found["datasources"][1]["orgId"] = "1"
    found["prune"] = True

    wrong = list(Draft202012Validator(DATA_SOURCES).iter_errors(found))

    assert 3 == len(wrong)


def test_graphite_is_found_where_it_listens():
    """By a uid that never changes, and without a place before those that are there already."""
    graphite = sources(graphite_url="https://graphite.example.org/render")["graphite"]

    assert "https://graphite.example.org/render" == graphite["url"]
    assert ("fructosa-graphite", "proxy", False) == (
        graphite["uid"],
        graphite["access"],
        graphite["isDefault"],
    )
    assert {"graphiteVersion": "1.1"} == graphite["jsonData"]


def test_prometheus_is_asked_no_finer_than_it_scrapes():
    """Else rates over two scrapes find one."""
    prometheus = sources(interval_s=30)["prometheus"]

    assert "http://localhost:9090" == prometheus["url"]
    assert {"timeInterval": "30s", "httpMethod": "POST"} == prometheus["jsonData"]


@pytest.mark.parametrize("backend", ["graphite", "prometheus"])
def test_who_wants_one_backend_gets_no_other(backend):
    """Neither its data source, nor its dashboards."""
    assert [backend] == list(sources(backends=[backend]))
    assert [f"fructosa-{backend}"] == list(providers(backends=[backend]))


def test_dashboards_are_looked_for_where_they_will_be():
    """The folder is Grafana's, not the one that is written into."""
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
def test_a_string_is_read_as_it_was_meant(text):
    """Whatever is in it."""
    assert text == expanded(yaml.safe_load(f"- key: {quoted(text)}  # comment")[0]["key"])


@given(HOSTILE)
def test_any_folder_and_url_keep_their_place(text):
    """They never become another key, a comment, or a variable."""
    folder = PurePosixPath("/") / text
    found = read(folder=folder, graphite_url=f"http://{text}", prometheus_url=f"http://{text}")

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
def test_a_folder_that_grafana_would_not_find_is_refused(folder):
    """It would look from where it was started."""
    with pytest.raises(UsageError, match="is not an absolute path"):
        provisioning(PurePosixPath(folder))


def test_a_folder_that_is_no_text_is_refused():
    """YAML holds Unicode alone."""
    with pytest.raises(UsageError, match="is not UTF-8"):
        provisioning(PurePosixPath(b"/\xff".decode(errors="surrogateescape")))
