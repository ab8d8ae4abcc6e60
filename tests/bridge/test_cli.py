"""The command lmaster: what it prints, and how it ends."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fructosa_bridge.cli import main
from fructosa_bridge.client.client import own_url
from fructosa_bridge.config.settings import MasterSettings
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.target_state import TargetState
from fructosa_bridge.web.status import target_row
from fructosa_service.config.kinds import Endpoint
from fructosa_service.web.settings import WebSettings

TWO_SECTIONS = """\
[nodes:fast]
hosts = n[1-2]
[nodes:slow]
hosts = n1
interval = 60
[Graphite]
prefix = cluster
"""


@pytest.fixture
def config(tmp_path):
    """A configuration file with two sections."""
    path = tmp_path / "lmaster.conf"
    path.write_text(TWO_SECTIONS)
    return str(path)


@contextmanager
def answering(status, body, kind="text/plain; charset=utf-8"):
    """Answer each request alike on a loopback port; yield the URL and the requests that came."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append((self.command, self.path, self.headers["Authorization"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", requests
        finally:
            server.shutdown()
            thread.join()


def targets(*hosts, **how):
    """Return lmaster's answer with some targets, and how they are."""
    states = (
        TargetState(Target(group="all", host=host, port=1, graphite_path=host), **how)
        for host in hosts
    )
    return json.dumps({"targets": [target_row(state) for state in states]}).encode()


def test_targets_are_printed_for_prometheus(config, capsys):
    """Each section is a group."""
    code = main(["targets", "-c", config])

    assert 0 == code
    found = json.loads(capsys.readouterr().out)
    assert [["n1:9888", "n2:9888"], ["n1:9888"]] == [group["targets"] for group in found]


def test_targets_are_written_at_once(config, tmp_path, capsys):
    """Into a file that keeps its rights and its link, and nothing beside it."""
    folder = tmp_path / "prometheus"
    folder.mkdir()
    real, link = folder / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)

    code = main(["targets", "-c", config, "--output", str(link)])

    assert (0, "") == (code, capsys.readouterr().out)
    assert link.is_symlink()
    assert "n2:9888" in real.read_text()
    assert 0o640 == real.stat().st_mode & 0o777
    assert [real] == list(folder.iterdir())


def test_what_can_not_be_written_is_told(config, capsys):
    """With the path, and exit code 1."""
    code = main(["targets", "-c", config, "--output", "/no/such/folder/targets.json"])

    assert 1 == code
    assert "can't write /no/such/folder/targets.json: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["targets", "ping", "schemas"])
def test_a_configuration_without_nodes_is_refused(command, tmp_path, capsys):
    """An empty list would make Prometheus forget all targets."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[Graphite]\n")

    code = main([command, "-c", str(path)])

    assert 2 == code
    assert f"{path} names no nodes; add a [nodes:NAME] section" in capsys.readouterr().err


def test_schemas_are_printed_or_written(config, tmp_path, capsys):
    """Two files; again, when nodes or intervals have changed."""
    main(["schemas", "-c", config])
    printed = capsys.readouterr().out

    codes = [main(["schemas", "-c", config, "--output", str(tmp_path)]) for _ in range(2)]

    said = capsys.readouterr().out
    assert [0, 0] == codes
    for name in ("storage-schemas.conf", "storage-aggregation.conf"):
        assert f"# {name}\n{(tmp_path / name).read_text()}" in printed
        assert 2 == said.count(f"written: {tmp_path / name}\n")


def test_rules_that_a_person_wrote_are_kept(config, tmp_path, capsys):
    """Neither file is written then."""
    own = tmp_path / "storage-aggregation.conf"
    own.write_text("[mine]\npattern = .*\n")

    code = main(["schemas", "-c", config, "--output", str(tmp_path)])

    assert 2 == code
    assert f"{own} was not written by lmaster" in capsys.readouterr().err
    assert "[mine]\npattern = .*\n" == own.read_text()
    assert not (tmp_path / "storage-schemas.conf").exists()


def test_check_counts_the_targets_of_each_section(config, capsys):
    """Where there are several sections."""
    code = main(["check", "-c", config])

    assert 0 == code
    assert (
        f"{config}: ok, 3 targets: 2 in [nodes:fast], 1 in [nodes:slow]"
        == (capsys.readouterr().out.splitlines()[0])
    )


def test_a_node_that_is_not_configured_can_not_be_pinged(config, capsys):
    """It says so, and asks nobody."""
    code = main(["ping", "-c", config, "n[1-4]"])

    assert 2 == code
    assert f"lmaster: n[3-4] are not among the nodes of {config}\n" == capsys.readouterr().err


def test_nodes_are_shown_as_the_running_lmaster_sees_them(capsys):
    """All, some, or as JSON."""
    with answering(200, targets("n1", "n2", up=True), "application/json") as (url, requests):
        whole = main(["nodes", "--url", url])
        table = capsys.readouterr().out
        some = main(["nodes", "n2", "--json", "--state", "up", "--url", f"{url}/"])
        told = json.loads(capsys.readouterr().out)
        down = main(["nodes", "--json", "--state", "down", "--url", url])

    assert (0, 0, 0) == (whole, some, down)
    assert 3 == len(table.splitlines())
    assert ["n2:1"] == [one["name"] for one in told]
    assert "[]\n" == capsys.readouterr().out
    assert {("GET", "/api/targets", None)} == set(requests)


def test_a_node_that_lmaster_does_not_know_is_told(capsys):
    """With where it was looked for."""
    with answering(200, targets("node1"), "application/json") as (url, _):
        code = main(["nodes", "node7", "--url", url])

    assert 2 == code
    assert f"node7 is not among the nodes of {url}; did you mean node1?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (200, b"<html>", "text/html", "is no lmaster: what it says is no list of targets"),
        (200, b"\xff\xfe", "application/json", "is no lmaster"),
        (404, b"", "text/plain", "/api/targets answers 404; is this an lmaster's address?"),
        (302, b"", "text/plain", "/api/targets answers 302"),
        (401, b"", "text/plain", "wants a user; give --user NAME --password-file FILE"),
        (403, b"only here\n", "text/plain", "does not allow /api/targets to you: only here"),
    ],
)
def test_who_is_no_lmaster_is_told(status, body, kind, said, capsys):
    """With exit code 1, and what to do."""
    with answering(status, body, kind) as (url, _):
        code = main(["nodes", "--url", url])

    assert 1 == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["nodes", "reload"])
def test_no_lmaster_at_all_is_told(command, capsys):
    """Nobody can listen on port 1 without root, and nobody does."""
    code = main([command, "--url", "http://127.0.0.1:1"])

    assert 1 == code
    assert (
        "lmaster: no lmaster answers on http://127.0.0.1:1 (Connection refused); start it, or say "
        "where it is with -c FILE or --url\n"
    ) == capsys.readouterr().err


@pytest.mark.parametrize("url", ["localhost:9889", "ftp://localhost", "localhost", "http://", "//"])
def test_what_is_no_url_is_refused(url, capsys):
    """As a wrong command line."""
    code = main(["nodes", "--url", url])

    assert 2 == code
    assert "is no URL; write e.g. http://localhost:9889" in capsys.readouterr().err


def test_a_reload_is_told(capsys):
    """By what lmaster says of it."""
    with answering(200, b"2 targets more\n") as (url, requests):
        code = main(["reload", "--url", url])

    assert (0, "2 targets more\n") == (code, capsys.readouterr().out)
    assert [("POST", "/-/reload", None)] == requests


def test_a_refused_reload_is_told(capsys):
    """On standard error, with the exit code of a wrong configuration."""
    with answering(400, b"x.conf:3: wrong\nx.conf:7: wrong too\n") as (url, _):
        code = main(["reload", "--url", url])

    assert 2 == code
    assert ("", "x.conf:3: wrong\nx.conf:7: wrong too\n") == capsys.readouterr()


def test_another_server_reloads_nothing(capsys):
    """A web page is no answer, even with 200."""
    with answering(200, b"<html>", "text/html") as (url, _):
        code = main(["reload", "--url", url])

    assert 1 == code
    assert "is this an lmaster's address?" in capsys.readouterr().err


def test_a_password_is_shown(tmp_path, capsys):
    """In UTF-8, as browsers send it."""
    secret = tmp_path / "password"
    secret.write_text("pässword\n")

    with answering(200, b"ok") as (url, requests):
        main(["reload", "--url", url, "--user", "me", "--password-file", str(secret)])

    assert [("POST", "/-/reload", "Basic bWU6cMOkc3N3b3Jk")] == requests


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read: No such file or directory"),
        (b"", "is empty; write the secret into it"),
        (b"a\nb\n", "has more than one line"),
        (b"\xff", "is no text in UTF-8; write it anew"),
    ],
)
def test_a_password_file_holds_one_line(tmp_path, content, said, capsys):
    """Its content is never told."""
    secret = tmp_path / "password"
    if content is not None:
        secret.write_bytes(content)

    code = main(["nodes", "--user", "me", "--password-file", str(secret)])

    assert 2 == code
    assert f"--password-file {secret}: {said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("master", "web", "expected"),
    [
        ({}, {}, "http://localhost:9889"),
        ({"host": "0.0.0.0", "port": 1}, {}, "http://127.0.0.1:1"),  # noqa: S104 - only asked
        ({"host": "::"}, {}, "http://[::1]:9889"),
        ({}, {"listen": (Endpoint("head", 7), Endpoint("b"))}, "http://head:7"),
        ({}, {"listen": (Endpoint("head"),)}, "http://head:9889"),
        ({}, {"tls_certificate": "c", "tls_key": "k"}, "https://localhost:9889"),
    ],
)
def test_the_configuration_tells_where_the_pages_are(master, web, expected):
    """What listens everywhere is asked on this machine."""
    assert expected == own_url(MasterSettings(**master), WebSettings(**web))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("users file", "users file {path}: can't be read: No such file or directory"),
        ("tls certificate", "tls certificate {path}: can't be read: No such file or directory"),
    ],
)
def test_check_reads_the_files_of_the_pages_too(tmp_path, capsys, key, message):
    """A missing one is better known before the start."""
    config, missing = tmp_path / "lmaster.conf", tmp_path / "missing"
    keys = {"tls key": missing, key: missing} if key.startswith("tls") else {key: missing}
    lines = "".join(f"{name} = {path}\n" for name, path in keys.items())
    config.write_text(f"[nodes:a]\nhosts = n1\n[web]\n{lines}")

    code = main(["check", "-c", str(config)])

    assert code == 2
    assert message.format(path=missing) in capsys.readouterr().err
