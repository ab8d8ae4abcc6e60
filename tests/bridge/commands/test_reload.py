"""`lmaster reload`."""

from fructosa_bridge.cli import main

from ..fake_master import serving


def test_the_outcome_of_a_reload_is_printed(capsys):
    """As lmaster reports it."""
    with serving(200, b"2 targets more\n") as (url, requests):
        code = main(["reload", "--url", url])

    assert (0, "2 targets more\n") == (code, capsys.readouterr().out)
    assert [("POST", "/-/reload", None)] == requests


def test_a_refused_reload_is_an_error(capsys):
    """On standard error, with the exit code of an invalid configuration."""
    with serving(400, b"x.conf:3: wrong\nx.conf:7: wrong too\n") as (url, _):
        code = main(["reload", "--url", url])

    assert 2 == code
    assert ("", "x.conf:3: wrong\nx.conf:7: wrong too\n") == capsys.readouterr()


def test_an_lmaster_that_does_not_run_is_an_error(capsys):
    """Port 1 is privileged, and nothing listens on it."""
    code = main(["reload", "--url", "http://127.0.0.1:1"])

    assert 1 == code
    assert "Connection refused" in capsys.readouterr().err
