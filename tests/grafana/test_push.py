"""Dashboards that get into a Grafana over its HTTP API."""

import copy
import os
import socket

import pytest

from fructosa_grafana.api import Place, place
from fructosa_grafana.push import Outcome, push
from fructosa_service.errors import ServiceError, UsageError
from fructosa_service.web.tls import TLSFiles

from ..certificates import Authority
from .grafana_api import PASSWORD, TOKEN, USER, VIEWER, grafana

CLUSTER = {
    "uid": "fructosa-cluster",
    "title": "Cluster",
    "schemaVersion": 27,
    "panels": [{"title": "Load", "datasource": "$datasource", "targets": [{"expr": "up"}]}],
}
NODE = {"uid": "fructosa-node", "title": "Node", "schemaVersion": 27, "panels": []}
BOARDS = [CLUSTER, NODE]


@pytest.fixture(params=[True, False], ids=["7.5", "current"])
def api(request):
    """A Grafana: one of 7.5, and one as they are today."""
    with grafana(is_old=request.param) as made:
        yield made


@pytest.fixture
def current():
    """A Grafana as they are today."""
    with grafana() as made:
        yield made


def pushed(api, boards=BOARDS, token=TOKEN, is_dry=False, **how):
    """Push to a Grafana; return what was told."""
    told = []
    push(Place(url=api.url, token=token, **how), boards, told.append, is_dry=is_dry)
    return [str(outcome).removesuffix(outcome.url).strip() for outcome in told]


def refused(api, boards=BOARDS, token=TOKEN, **how):
    """Push to a Grafana that can't or won't; return why."""
    with pytest.raises(ServiceError) as caught:
        pushed(api, boards, token, **how)
    message = str(caught.value)
    assert message.isprintable()
    assert TOKEN not in message
    return message.replace(api.url, "URL")


def changed(board, **keys):
    """Return a dashboard that differs."""
    return {**copy.deepcopy(board), **keys}


def kept(api, uid="fructosa-cluster"):
    """Return the dashboard that a Grafana keeps."""
    return api.dashboards[uid][0]


def test_an_empty_grafana_gets_folder_and_dashboards(api):
    """Each is told of."""
    told = pushed(api)

    assert ["created: folder FrUCToSA", "created: Cluster", "created: Node"] == told
    assert {"fructosa": "FrUCToSA"} == {u: f["title"] for u, f in api.folders.items()}
    assert {**CLUSTER, "id": 1, "version": 1} == kept(api)
    assert {"fructosa"} == {meta["folder"] for _, meta in api.dashboards.values()}


def test_a_second_push_sends_nothing(api):
    """Nothing differs, so Grafana's history of versions does not grow."""
    pushed(api)
    api.requests.clear()

    told = pushed(api)

    assert ["unchanged: Cluster", "unchanged: Node"] == told
    assert {"GET"} == {method for method, _ in api.asked}


def test_only_what_differs_is_sent(api):
    """In place of the version that was seen, with a message that says whence it comes."""
    pushed(api)
    newer = changed(NODE, description="all of one node")

    told = pushed(api, [CLUSTER, newer])

    assert ["unchanged: Cluster", "updated: Node"] == told
    assert {**newer, "id": 2, "version": 2} == kept(api, "fructosa-node")
    assert api.sent[-1]["message"].startswith("FrUCToSA ")


def test_what_a_person_has_added_is_set_back(api):
    """A dashboard that was saved in Grafana differs from the one that is sent."""
    pushed(api)
    kept(api)["panels"].append({"title": "mine"})

    told = pushed(api)

    assert ["updated: Cluster", "unchanged: Node"] == told
    assert CLUSTER["panels"] == kept(api)["panels"]


def migrated(board):
    """Return a dashboard as a Grafana that has brought it up to its schema gives it back."""
    newer = copy.deepcopy(board) | {"schemaVersion": 42, "fiscalYearStartMonth": 0}
    for panel in newer["panels"]:
        panel["datasource"] = {"type": "prometheus", "uid": "$datasource"}
        panel["targets"][0]["refId"] = "A"
    return newer


def test_what_grafana_has_migrated_is_unchanged(current):
    """Else each push would be an update, for ever."""
    pushed(current)
    kept(current).update(migrated(CLUSTER))

    assert ["unchanged: Cluster", "unchanged: Node"] == pushed(current)


@pytest.mark.parametrize(
    "change",
    [
        lambda board: board.update(title="Mine"),
        lambda board: board["panels"].append({}),
        lambda board: board["panels"][0]["targets"][0].update(expr="down"),
        lambda board: board["panels"][0].update(datasource={"uid": "another"}),
        lambda board: board["panels"][0].pop("title"),
    ],
)
def test_a_migrated_dashboard_that_was_changed_is_sent(current, change):
    """All that was sent has to be there still."""
    pushed(current)
    kept(current).update(migrated(CLUSTER))
    change(kept(current))

    assert ["updated: Cluster", "unchanged: Node"] == pushed(current)


def test_a_dashboard_elsewhere_is_moved_into_the_folder(api):
    """It's the uid that names it."""
    api.add_folder("other", "Other")
    pushed(api)
    api.dashboards["fructosa-cluster"][1]["folder"] = "other"

    told = pushed(api)

    assert ["updated: Cluster", "unchanged: Node"] == told
    assert "fructosa" == api.dashboards["fructosa-cluster"][1]["folder"]


def test_a_folder_that_is_there_is_taken(api):
    """Under any title: people may name it as they like."""
    api.add_folder("fructosa", "Our cluster")

    assert ["created: Cluster", "created: Node"] == pushed(api)
    assert ["Our cluster"] == [folder["title"] for folder in api.folders.values()]


def test_a_dry_run_sends_nothing(api):
    """It tells what would be."""
    told = pushed(api, is_dry=True)

    would = "would be created: "
    assert [f"{would}folder FrUCToSA", f"{would}Cluster", f"{would}Node"] == told
    assert {"GET"} == {method for method, _ in api.asked}


def test_a_dry_run_knows_what_differs(api):
    """As the push after it will."""
    pushed(api)
    newer = changed(NODE, description="newer")

    told = pushed(api, [CLUSTER, newer], is_dry=True)

    assert ["unchanged: Cluster", "would be updated: Node"] == told
    assert NODE | {"id": 2, "version": 1} == kept(api, "fructosa-node")


def test_a_path_below_which_grafana_is_served_is_kept():
    """It leads to the dashboards too."""
    told = []
    with grafana(prefix="/grafana") as api:
        push(Place(url=api.url, token=TOKEN), [CLUSTER], told.append)

    assert f"{api.url}/d/fructosa-cluster" == told[-1].url
    assert "/grafana/d/" in told[-1].url


def test_an_outcome_reads_as_a_sentence():
    """What became of what, and where it is."""
    outcome = Outcome(what="updated", title="Node", url="http://g/d/n", is_dry=True)

    assert "would be updated: Node http://g/d/n" == str(outcome)


def test_a_user_may_ask_too(current, tmp_path):
    """With a password from a file, in UTF-8."""
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")

    push(place(current.url, user=USER, password_file=secret), BOARDS, lambda _: None)

    assert 2 == len(current.dashboards)


def test_whoever_is_no_grafana_is_not_told_the_token(current):
    """It's asked first what it is."""
    current.says["GET", "/api/health"] = (200, {}, b'{"status": "UP"}')

    said = refused(current)

    assert "URL, asked to tell its health, answers otherwise than Grafana; is this Gra" in said
    assert [("GET", "/api/health", None, None)] == current.requests


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("glsa_wrong", "URL does not know the token; write one of a service account into --t"),
        (None, "URL wants to know who asks; give --token-file FILE, or --user NAME --passw"),
    ],
)
def test_a_wrong_token_is_told(current, token, said):
    """With Grafana's own words."""
    message = refused(current, token=token)

    assert message.startswith(said)
    assert message.endswith(("(Invalid API key)", "(Unauthorized)"))


def test_a_wrong_password_is_told(current):
    """And not the password."""
    said = refused(current, token=None, user=USER, password=b"wrong")

    assert said.startswith("URL does not know this user and password; give those of Grafana")
    assert "wrong" not in said


def test_a_token_without_the_right_is_told_which_it_needs(api):
    """A viewer may look, and no more."""
    said = refused(api, token=VIEWER)

    assert said.startswith("URL refuses to make the folder FrUCToSA (You'll need additional")
    assert said.endswith(
        "--token-file has no right to; it needs the role Editor (folders and dashboards: read, "
        "create and write)"
    )


def test_a_folder_of_that_name_is_told():
    """7.5 has no two of one name."""
    with grafana(is_old=True) as api:
        api.add_folder("abc", "FrUCToSA")
        said = refused(api)

    assert "there is one of that name, or it is hidden from you; rename it, give it the" in said


def test_no_other_dashboard_of_that_title_is_overwritten():
    """7.5 would give the new dashboard the uid of the old one, and lose the old one."""
    with grafana(is_old=True) as api:
        api.add_folder()
        api.dashboards["mine"] = ({"title": "Cluster", "version": 3}, {"folder": "fructosa"})
        said = refused(api)

    assert "URL refuses to save the dashboard 'Cluster' (the same name already exists): " in said
    assert "another dashboard there has its title; rename or remove that one" in said
    assert ["mine"] == list(api.dashboards)


def test_what_was_saved_meanwhile_is_not_overwritten(api):
    """Between the look and the sending."""
    pushed(api)
    kept(api)["title"] = "mine"
    told = api.answer("GET", "/api/dashboards/uid/fructosa-cluster", f"Bearer {TOKEN}", None)
    stale = copy.deepcopy(told[1])
    kept(api)["version"] = 8
    answer = api.answer
    api.answer = lambda method, path, *rest: (
        (200, stale) if path.endswith("/fructosa-cluster") else answer(method, path, *rest)
    )

    said = refused(api)

    assert "somebody has saved it meanwhile; look at what was saved, and push again" in said
    assert (8, "mine") == (kept(api)["version"], kept(api)["title"])


@pytest.mark.parametrize("is_dry", [True, False])
def test_a_dashboard_from_a_file_is_left_alone(api, is_dry):
    """Grafana would refuse it, and a dry run knows."""
    pushed(api)
    api.dashboards["fructosa-cluster"][1]["provisioned"] = True
    sent = len(api.sent)

    assert ["unchanged: Cluster", "unchanged: Node"] == pushed(api)
    said = refused(api, [changed(CLUSTER, tags=["new"])], is_dry=is_dry)

    assert "URL has 'Cluster' from a file, and takes no other; write the file anew" in said
    assert sent == len(api.sent)


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "answer", "said"),
    [
        ("GET", "/api/health", (404, {}, b"<html>"), "refuses to tell its health, with 404; is "),
        ("GET", "/api/health", (200, {}, b"<html>"), "answers otherwise than Grafana; is this"),
        ("GET", "/api/health", (200, {}, b"[" * 100_000), "answers otherwise than Grafana"),
        ("GET", "/api/health", (200, {}, b"1" * 5000), "answers otherwise than Grafana"),
        ("GET", "/api/health", (503, JSON, b'{"database": "failing"}'), "fails to tell its healt"),
        ("GET", "/api/folders/fructosa", (200, {}, b"<html>"), "answers otherwise than Grafana"),
        ("GET", "/api/folders/fructosa", (404, {}, b"<html>"), "with 404; is this Grafana's add"),
        ("POST", "/api/folders", (200, {}, b"[]"), "make the folder FrUCToSA, answers otherwise"),
        (
            "POST",
            "/api/folders",
            (400, JSON, b'{"message": "bad\\u001b[31m"}'),
            "with 400 ('bad\\x1b[31m')",
        ),
        (
            "GET",
            "/api/dashboards/uid/fructosa-cluster",
            (200, {}, b'{"dashboard": 7, "meta": {}}'),
            "asked to show the dashboard 'Cluster', answers otherwise",
        ),
        ("POST", "/api/dashboards/db", (200, {}, b'{"uid": "x"}'), "answers otherwise than Graf"),
        (
            "POST",
            "/api/dashboards/db",
            (500, JSON, b'{"message": "database is locked"}'),
            "fails to save the dashboard 'Cluster', with 500 (database is locked); see Grafana's",
        ),
        ("POST", "/api/dashboards/db", (429, {}, b""), "has too much to do; try again later"),
        ("POST", "/api/dashboards/db", (412, {}, b'{"status": []}'), "does not fit; look there"),
        (
            "GET",
            "/api/health",
            (302, {"Location": "https://host/login?token=x"}, b""),
            "URL sends to https://host/login; give Grafana's own address, with https://",
        ),
        ("GET", "/api/health", (301, {"Location": "http://u:p@host/"}, b""), "sends to elsewhere;"),
    ],
)
def test_an_answer_that_does_not_fit_is_one_clear_line(current, method, path, answer, said):
    """What went wrong where, and what to do."""
    current.says[method, path] = answer

    assert said in refused(current)


def endless(handler):
    """Answer without an end, until nobody listens."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.server.api.is_over.is_set():
        handler.wfile.write(b" " * 65536)


def dripping(handler):
    """Answer a byte of a header now and then: no time limit of a socket ever ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.api.is_over.wait(0.02):
        handler.wfile.write(b"a")
        handler.wfile.flush()


def breaking(handler):
    """Promise more than is sent."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    handler.close_connection = True


def test_an_endless_answer_is_not_read(current):
    """It has a limit."""
    current.says["GET", "/api/health"] = endless

    assert "URL answers with more than 16777216 bytes; is this Grafana's address" in refused(
        current
    )


@pytest.mark.parametrize("slow", [dripping, lambda handler: handler.server.api.is_over.wait()])
def test_a_slow_answer_is_not_waited_for(current, slow):
    """Not even where a byte comes now and then."""
    current.says["GET", "/api/health"] = slow

    said = refused(current, answer_s=0.3)

    assert "URL does not answer in time; see Grafana's log, and try again" == said


def test_a_broken_answer_is_told(current):
    """As if nobody was there."""
    current.says["GET", "/api/health"] = breaking

    assert refused(current).startswith("no Grafana answers on URL (")


def test_nobody_who_listens_is_told():
    """With what to do."""
    with socket.socket() as bound:  # and nobody listens
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(ServiceError) as caught:
            push(Place(url=url), BOARDS, lambda _: None)

    assert (
        f"no Grafana answers on {url} (Connection refused); start it, or give its address with "
        "--push"
    ) == str(caught.value)


def test_no_such_host_is_told():
    """A name that is reserved for having no host."""
    with pytest.raises(ServiceError, match=r"no Grafana answers on http://grafana\.invalid \("):
        push(Place(url="http://grafana.invalid"), BOARDS, lambda _: None)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """An authority."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def secure(ca):
    """A Grafana behind TLS."""
    pair = ca.server()
    files = TLSFiles(certificate=pair.certificate, key=pair.key)
    with grafana(files.context()) as made:
        yield made


def test_tls_is_spoken_with_whom_the_authority_vouches_for(secure, ca):
    """The file that is named is trusted."""
    made = place(secure.url, ca=ca.certificate)

    push(Place(url=made.url, ca=made.ca, token=TOKEN), BOARDS, lambda _: None)

    assert 2 == len(secure.dashboards)


def test_a_certificate_that_is_not_trusted_is_told(secure):
    """Before anything is asked."""
    said = refused(secure)

    assert said.startswith("the certificate of URL is not trusted: ")
    assert "--ca FILE" in said
    assert [] == secure.requests


def test_tls_to_whom_speaks_none_is_told(current):
    """It's the wrong scheme."""
    current.url = current.url.replace("http:", "https:")

    assert "URL speaks no TLS that is understood here" in refused(current)


@pytest.mark.parametrize(
    "text", ["localhost:3000", "ftp://host", "http://", "//", "", "http://a b"]
)
def test_what_is_no_url_is_refused(text):
    """With an example."""
    with pytest.raises(UsageError, match=r"is no URL; write e\.g\. http://localhost:3000"):
        place(text)


def test_a_url_with_a_password_is_refused():
    """And not told."""
    with pytest.raises(UsageError, match="has an '@'") as caught:
        place("http://admin:hunter2@host/")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["http://host/?orgId=1", "http://host/#x"])
def test_a_url_of_a_page_is_refused(text):
    """Grafana's paths come behind it."""
    with pytest.raises(UsageError, match="goes on behind its path"):
        place(text)


def test_a_slash_at_the_end_of_a_url_is_nothing():
    """So links have one."""
    assert "https://host/grafana" == place("https://host/grafana/").url


def test_a_place_does_not_show_its_secrets(tmp_path):
    """Not even in a traceback."""
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n")

    made = place("http://host", token_file=secret)

    assert TOKEN == made.token
    assert TOKEN not in repr(made)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda path: None,
            "can't be read: No such file or directory; check the path and its perm",
        ),
        (os.mkdir, "is not a regular file"),
        (lambda path: path.write_text("\n"), "is empty; write the secret into it"),
        (lambda path: path.write_text("a\nb\n"), "has more than one line"),
        (lambda path: path.write_text("a b\n"), "contains no valid token"),
    ],
)
def test_a_token_file_holds_one_word(tmp_path, make, said):
    """Whatever it holds is not told."""
    path = tmp_path / "token"
    make(path)

    with pytest.raises(UsageError) as caught:
        place("http://host", token_file=path)

    assert str(caught.value).startswith(f"--token-file {path}: {said}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"user": "me"}, "--user and --password-file go together; give both, or neither"),
        ({"password_file": "p"}, "--user and --password-file go together; give both, or neither"),
        (
            {"user": "me", "password_file": "p", "token_file": "p"},
            "--token-file says who asks, and so does --user; give one of them",
        ),
    ],
)
def test_who_asks_is_said_once(given, said):
    """By a token, or by user and password."""
    with pytest.raises(UsageError) as caught:
        place("http://host", **given)

    assert said == str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("nothing", "holds no certificate; give a PEM file that does"),
        ("-----BEGIN CERTIFICATE-----\nxx\n", "can't be used; give a whole PEM file"),
    ],
)
def test_a_ca_file_holds_a_certificate(tmp_path, content, said):
    """Else no TLS could come of it, with an error that nobody understands."""
    path = tmp_path / "ca.pem"
    path.write_text(content)

    with pytest.raises(UsageError) as caught:
        place("https://host", ca=path)

    assert f"--ca {path}: {said}" == str(caught.value)
