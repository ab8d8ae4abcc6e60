"""The section [web] of both daemons."""

from pathlib import Path

import pytest

from fructosa_service.config.load import check
from fructosa_service.errors import REQUIRES, ConfigError
from fructosa_service.web.settings import WEB, WebSettings
from fructosa_service.web.tls import TLSFiles


def test_tls_needs_a_certificate_and_its_key():
    """A client CA is optional."""
    text = "[web]\ntls certificate = /c\ntls key = /k\nclient ca = /a"

    settings = check(text, "f", [WEB]).one("web", WebSettings)

    expected = TLSFiles(certificate=Path("/c"), key=Path("/k"), client_ca=Path("/a"))
    assert expected == settings.tls()
    assert WebSettings().tls() is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["h:1"]),
        ("listen = a, b:2, [::1]:0", ["a:1", "b:2", "[::1]:0"]),
    ],
)
def test_addresses_replace_the_host_and_ports_the_port(text, expected):
    """Without a port, an address has that of the daemon."""
    settings = check(f"[web]\n{text}", "f", [WEB]).one("web", WebSettings)

    assert expected == list(map(str, settings.endpoints("h", 1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tls certificate = /c", f"tls certificate: {REQUIRES.format(missing='tls key')}"),
        ("tls key = /k", f"tls key: {REQUIRES.format(missing='tls certificate')}"),
        ("client crl = /a", "client crl: requires client ca; set client ca too"),
        ("client ca = /a", "client ca: requires TLS; set tls certificate and tls key too"),
    ],
)
def test_incomplete_settings_for_tls_are_rejected(text, message):
    """With the line of the key."""
    with pytest.raises(ConfigError) as caught:
        check(f"[web]\n{text}", "f", [WEB])

    assert f"f:2: [web] {message}" == str(caught.value)
