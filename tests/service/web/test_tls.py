"""The certificate of a server, and whose certificates it wants to see."""

import os
import pty
import socket
import ssl
import subprocess
import sys
import threading
import warnings

import pytest

from fructosa_service.errors import UsageError
from fructosa_service.web.tls import TLSFiles

from ...certificates import Authority, encrypted_copy


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """An authority."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory):
    """An authority that nobody here trusts."""
    return Authority(tmp_path_factory.mktemp("other"), "other")


@pytest.fixture(scope="module")
def pair(ca):
    """A server's certificate and its key."""
    return ca.server()


def files(pair, client_ca=None):
    """Return what a server is given."""
    return TLSFiles(certificate=pair.certificate, key=pair.key, client_ca=client_ca)


def met(serving, asking):
    """Return what a client finds when it meets a server: TLS version, its certificate, a word."""
    here, there = socket.socketpair()
    here.settimeout(30)
    there.settimeout(30)

    def serve():
        try:
            with serving.wrap_socket(there, server_side=True) as served:
                served.sendall(b"hello")
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with here, asking.wrap_socket(here, server_hostname="localhost") as client:
            return client.version(), client.getpeercert()["serialNumber"], client.recv(10)
    finally:
        here.close()
        thread.join(30)
        there.close()


def test_a_client_that_trusts_the_authority_is_served(ca, pair):
    """With the newest TLS."""
    version, _, word = met(files(pair).context(), ca.client_context())

    assert ("TLSv1.3", b"hello") == (version, word)


def test_a_client_that_does_not_trust_the_authority_goes_away(other_ca, pair):
    """The certificate is what it is asked about."""
    with pytest.raises(ssl.SSLCertVerificationError):
        met(files(pair).context(), other_ca.client_context())


def test_an_expired_certificate_is_served_as_it_is(ca):
    """Clients tell; the agent goes on, as its certificate may be replaced at any time."""
    serving = files(ca.expired()).context()

    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        met(serving, ca.client_context())


@pytest.mark.parametrize(
    ("version", "is_served"),
    [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)],
)
def test_old_versions_of_tls_are_refused(ca, pair, version, is_served):
    """The server says so, not the client."""
    asking = ca.client_context()
    with warnings.catch_warnings(action="ignore"):
        asking.minimum_version = asking.maximum_version = ssl.TLSVersion[version]
    if not is_served:
        asking.set_ciphers("ALL:@SECLEVEL=0")  # else OpenSSL would not even ask

    try:
        served = met(files(pair).context(), asking)[2]
    except ssl.SSLError as error:
        if "NO_PROTOCOLS_AVAILABLE" in str(error):
            pytest.skip(f"this OpenSSL has no {version} to ask with")
        served = "PROTOCOL_VERSION" in str(error) and b""

    assert (b"hello" if is_served else b"") == served


def test_a_client_may_not_have_the_keys_renewed(pair):
    """It would cost the server much, and the client nothing; newer OpenSSL forbid it anyway."""
    assert files(pair).context().options & ssl.OP_NO_RENEGOTIATION


def test_with_a_client_ca_a_client_with_its_certificate_is_served(ca, pair):
    """It shows its own."""
    serving = files(pair, ca.certificate).context()

    assert b"hello" == met(serving, ca.client_context(ca.client()))[2]


def test_with_a_client_ca_a_client_without_certificate_is_refused(ca, pair):
    """TLS 1.3 tells it after the handshake."""
    serving = files(pair, ca.certificate).context()

    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        met(serving, ca.client_context())


def test_with_a_client_ca_a_client_of_another_authority_is_refused(ca, other_ca, pair):
    """Whoever else signed its certificate."""
    serving = files(pair, ca.certificate).context()

    with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
        met(serving, ca.client_context(other_ca.client()))


def test_without_a_client_ca_no_certificate_is_wanted(ca, other_ca, pair):
    """Nor looked at."""
    assert b"hello" == met(files(pair).context(), ca.client_context(other_ca.client()))[2]


JUNK = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture
def broken(ca, pair, tmp_path):
    """Files that can't be used, by what is wrong with them."""
    for name, text in {
        "text": "no PEM\n",
        "empty": "",
        "junk": JUNK,
        "junk key": JUNK.replace("CERTIFICATE", "PRIVATE KEY"),
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bytes").write_bytes(bytes(range(256)) * 10)
    made = {name: tmp_path / name for name in ("text", "empty", "junk", "junk key", "bytes")}
    return made | {
        "missing": tmp_path / "missing",
        "folder": tmp_path,
        "below a file": tmp_path / "text" / "x",
        "of another": ca.server("another").key,
        "locked": encrypted_copy(pair.key),
        "key": pair.key,
        "certificate": pair.certificate,
        "ca": ca.certificate,
    }


UNREADABLE = {
    "missing": "can't be read: No such file or directory",
    "folder": "can't be read: Is a directory",
    "below a file": "can't be read: Not a directory",
}
NO_CERTIFICATE = "holds no certificate; give a PEM file that does"
NO_KEY = "holds no private key; give a PEM file that does"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        *UNREADABLE.items(),
        *((wrong, NO_CERTIFICATE) for wrong in ("text", "empty", "bytes", "key")),
    ],
)
@pytest.mark.parametrize("key", ["tls certificate", "client ca"])
def test_a_certificate_that_can_not_be_used_is_named(broken, pair, key, wrong, message):
    """With what is wrong with it."""
    path = broken[wrong]
    given = TLSFiles(
        certificate=path if key == "tls certificate" else pair.certificate,
        key=pair.key,
        client_ca=path if key == "client ca" else None,
    )

    with pytest.raises(UsageError) as refused:
        given.context()

    assert f"[web] {key} {path}: {message}" == str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        *UNREADABLE.items(),
        *((wrong, NO_KEY) for wrong in ("text", "empty", "bytes", "certificate")),
        ("of another", "is not the key of {pair.certificate}; give the two that belong together"),
        ("locked", "has a password; write it without one, readable to the daemon alone"),
    ],
)
def test_a_key_that_can_not_be_used_is_named(broken, pair, wrong, message):
    """With what is wrong with it."""
    path = broken[wrong]

    with pytest.raises(UsageError) as refused:
        TLSFiles(certificate=pair.certificate, key=path).context()

    assert f"[web] tls key {path}: {message.format(pair=pair)}" == str(refused.value)


@pytest.mark.parametrize(
    ("certificate", "key", "client_ca", "named"),
    [
        ("junk", "key", None, "[web] tls certificate {junk}, or its key: "),
        ("certificate", "junk key", None, "[web] tls certificate {certificate}, or its key: "),
        ("certificate", "key", "junk", "[web] client ca {junk}: "),
    ],
)
def test_what_looks_right_and_is_not_is_named(broken, certificate, key, client_ca, named):
    """With what OpenSSL has to say of it."""
    given = TLSFiles(
        certificate=broken[certificate], key=broken[key], client_ca=broken.get(client_ca)
    )

    with pytest.raises(UsageError) as refused:
        given.context()

    assert str(refused.value).startswith(named.format(**broken) + "can't be used: [")


def test_nobody_is_asked_for_the_password_of_a_key(pair):
    """A daemon that waits at a terminal would wait for ever; this one has a terminal."""
    code = (
        "import sys; from pathlib import Path; from fructosa_service.web.tls import TLSFiles\n"
        "TLSFiles(certificate=Path(sys.argv[1]), key=Path(sys.argv[2])).context()"
    )
    main, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code, pair.certificate, encrypted_copy(pair.key)],
        stdin=terminal,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    os.close(main)
    os.close(terminal)

    assert "UsageError: [web] tls key" in done.stderr
    assert "has a password" in done.stderr


class Clock:
    """A clock that can be put forward."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def test_the_context_is_made_anew_when_a_file_changes(ca, tmp_path):
    """A certificate that is replaced is served to who comes next."""
    pair = Authority(tmp_path, "mine").server()
    clock = Clock()
    kept = files(pair).kept(clock)
    before = kept.value()
    pair.replace_with(ca.server("next"))
    clock.now_s += 1

    after = kept.value()

    assert after is not before
    assert b"hello" == met(after, ca.client_context())[2]


def test_a_certificate_whose_key_comes_later_waits_for_it(ca, tmp_path, caplog):
    """Two files are not written at one time; meanwhile the old two are used."""
    pair, fresh = Authority(tmp_path, "mine").server(), ca.server("fresh")
    clock = Clock()
    kept = files(pair).kept(clock)
    before = kept.value()
    pair.certificate.write_bytes(fresh.certificate.read_bytes())
    clock.now_s += 1

    between = kept.value()
    pair.key.write_bytes(fresh.key.read_bytes())
    clock.now_s += 1
    after = kept.value()

    assert before is between
    assert "is not the key of" in caplog.text
    assert b"hello" == met(after, ca.client_context())[2]
