"""Access to a Grafana, from command line options."""

import os

import pytest

from fructosa_grafana.push.access import BELONG_TOGETHER, grafana_access
from fructosa_service.errors import FileError, UsageError

from ...certificates import Authority
from .fake_grafana import PASSWORD, TOKEN, USER


def test_a_token_is_read_from_its_file(tmp_path):
    """It does not appear in a traceback."""
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n")

    access = grafana_access("http://host", token_file=secret)

    assert (TOKEN, "--token-file") == (access.token, access.credentials_option)
    assert TOKEN not in repr(access)


def test_a_password_is_read_from_its_file(tmp_path):
    """As bytes: it need not be UTF-8."""
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")

    access = grafana_access("http://host", user=USER, password_file=secret)

    assert (PASSWORD.encode(), "--user") == (access.password, access.credentials_option)
    assert PASSWORD not in repr(access)


def test_credentials_are_optional():
    """A Grafana may allow anonymous access."""
    assert grafana_access("http://host").credentials_option is None


@pytest.mark.parametrize(
    "make",
    [lambda path: None, os.mkdir, lambda path: path.write_text(f"{TOKEN} {TOKEN}\n")],
    ids=["missing", "directory", "two words"],
)
def test_a_token_file_that_cannot_be_used_is_named(tmp_path, make):
    """Its content is not shown."""
    path = tmp_path / "token"
    make(path)

    with pytest.raises(FileError) as caught:
        grafana_access("http://host", token_file=path)

    assert str(caught.value).startswith(f"--token-file {path}: ")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "me"}, BELONG_TOGETHER),
        ({"password_file": "p"}, BELONG_TOGETHER),
        (
            {"user": "me", "password_file": "p", "token_file": "p"},
            "--token-file and --user cannot be combined",
        ),
    ],
)
def test_credentials_are_a_token_or_a_user_with_a_password(options, message):
    """Nothing else."""
    with pytest.raises(UsageError, match=message):
        grafana_access("http://host", **options)


def test_a_ca_is_a_pem_file_or_a_directory(tmp_path):
    """Whatever OpenSSL accepts."""
    ca = Authority(tmp_path).certificate

    assert ca == grafana_access("https://host", ca=ca).ca
    assert tmp_path == grafana_access("https://host", ca=tmp_path).ca


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nothing", "contains no certificate"),
        ("-----BEGIN CERTIFICATE-----\nxx\n", "cannot be loaded"),
    ],
)
def test_a_ca_file_without_a_certificate_is_rejected(tmp_path, content, message):
    """The error of the TLS library would not name the file."""
    path = tmp_path / "ca.pem"
    path.write_text(content)

    with pytest.raises(FileError) as caught:
        grafana_access("https://host", ca=path)

    assert str(caught.value).startswith(f"--ca {path}: {message}")
