"""TLS contexts of servers and clients, made from PEM files."""

import os
import pty
import socket
import ssl
import subprocess
import sys
import threading
import warnings

import pytest

from fructosa_service.errors import CAN_NOT_BE_READ, FileError
from fructosa_service.web.secret_files import NOT_REGULAR
from fructosa_service.web.tls import (
    CAN_NOT_BE_LOADED,
    ENCRYPTED,
    LACKS,
    NO_MATCH,
    ClientTLSFiles,
    TLSFiles,
)

from ...certificates import Authority, encrypted_copy


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """An authority."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory):
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("other"), "other")


@pytest.fixture(scope="module")
def pair(ca):
    """A server's certificate and its key."""
    return ca.server()


def files(pair, client_ca=None, client_crl=None):
    """Return the files of a server."""
    return TLSFiles(
        certificate=pair.certificate, key=pair.key, client_ca=client_ca, client_crl=client_crl
    )


def connect(server, client):
    """Connect with a client's context to a server's; return TLS version, serial, first bytes."""
    here, there = socket.socketpair()
    here.settimeout(30)
    there.settimeout(30)

    def serve():
        try:
            with server.wrap_socket(there, server_side=True) as served:
                served.sendall(b"hello")
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with here, client.wrap_socket(here, server_hostname="localhost") as connection:
            serial = connection.getpeercert()["serialNumber"]
            return connection.version(), serial, connection.recv(10)
    finally:
        here.close()
        thread.join(30)
        there.close()


def test_a_client_that_trusts_the_authority_is_served(ca, pair):
    """With the newest TLS."""
    version, _, data = connect(files(pair).context(), ca.client_context())

    assert ("TLSv1.3", b"hello") == (version, data)


def test_a_client_that_does_not_trust_the_authority_closes_the_connection(other_ca, pair):
    """Its error is about the certificate."""
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(files(pair).context(), other_ca.client_context())


def test_an_expired_certificate_is_served(ca):
    """Clients report it; the daemon keeps running, as the file may be replaced at any time."""
    server = files(ca.expired()).context()

    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        connect(server, ca.client_context())


@pytest.mark.parametrize(
    ("version", "is_served"),
    [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)],
)
def test_old_versions_of_tls_are_refused(ca, pair, version, is_served):
    """By the server, not by the client."""
    client = ca.client_context()
    with warnings.catch_warnings(action="ignore"):
        client.minimum_version = client.maximum_version = ssl.TLSVersion[version]
    if not is_served:
        client.set_ciphers("ALL:@SECLEVEL=0")  # else OpenSSL would not offer it

    try:
        served = connect(files(pair).context(), client)[2]
    except ssl.SSLError as error:
        if "NO_PROTOCOLS_AVAILABLE" in str(error):
            pytest.skip(f"this OpenSSL does not support {version}")
        served = "PROTOCOL_VERSION" in str(error) and b""

    assert (b"hello" if is_served else b"") == served


def test_a_client_may_not_renegotiate(pair):
    """It would cost the server much and the client little; newer OpenSSL forbids it anyway."""
    assert files(pair).context().options & ssl.OP_NO_RENEGOTIATION


def test_with_a_client_ca_a_client_with_a_certificate_of_it_is_served(ca, pair):
    """The client sends its certificate."""
    server = files(pair, ca.certificate).context()

    assert b"hello" == connect(server, ca.client_context(ca.client()))[2]


def test_with_a_client_ca_a_client_without_certificate_is_refused(ca, pair):
    """With TLS 1.3 the client gets the error after the handshake."""
    server = files(pair, ca.certificate).context()

    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        connect(server, ca.client_context())


def test_with_a_client_ca_a_client_of_another_authority_is_refused(ca, other_ca, pair):
    """Its certificate is not enough."""
    server = files(pair, ca.certificate).context()

    with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
        connect(server, ca.client_context(other_ca.client()))


def test_a_client_whose_certificate_was_revoked_is_refused(ca, pair):
    """Others of the same authority are served."""
    revoked, other = ca.client("revoked"), ca.client("other")
    server = files(pair, ca.certificate, ca.revoked(revoked)).context()

    assert b"hello" == connect(server, ca.client_context(other))[2]
    assert not is_served(server, ca.client_context(revoked))


@pytest.mark.parametrize("whose", ["expired", "of another authority"])
def test_a_list_that_says_nothing_about_a_client_lets_it_not_in(ca, other_ca, pair, whose):
    """One that is too old, or of another authority."""
    crl = ca.revoked(expires_in_days=-1) if whose == "expired" else other_ca.revoked()

    assert not is_served(files(pair, ca.certificate, crl).context(), ca.client_context(ca.client()))


def test_a_new_list_of_revoked_certificates_is_read(ca, pair, tmp_path):
    """Without a restart, as other files are."""
    client, now_s = ca.client("leaving"), [0.0]
    crl = tmp_path / "crl.pem"
    crl.write_bytes(ca.revoked().read_bytes())
    server = files(pair, ca.certificate, crl).cached(lambda: now_s[0])
    before = is_served(server.value(), ca.client_context(client))
    crl.write_bytes(ca.revoked(client).read_bytes())
    now_s[0] = 10.0

    assert (True, False) == (before, is_served(server.value(), ca.client_context(client)))


def is_served(server, client):
    """Return whether a client gets an answer."""
    try:
        return b"hello" == connect(server, client)[2]
    except (ssl.SSLError, ConnectionError):
        return False


def test_without_a_client_ca_the_certificate_of_a_client_does_not_matter(ca, other_ca, pair):
    """It is not requested."""
    assert b"hello" == connect(files(pair).context(), ca.client_context(other_ca.client()))[2]


JUNK = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture
def broken(ca, pair, tmp_path):
    """Files that can't be used, and some that can, by name."""
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
        "encrypted_copy": encrypted_copy(pair.key),
        "key": pair.key,
        "certificate": pair.certificate,
        "ca": ca.certificate,
    }


MISSING = CAN_NOT_BE_READ.format(reason="No such file or directory")
NOT_LOADED = CAN_NOT_BE_LOADED.format(together="")
NOT_LOADED_TOGETHER = CAN_NOT_BE_LOADED.format(together=" with {key}")
NO_CERTIFICATE = LACKS.format(what="certificate")
NO_KEY = LACKS.format(what="private key")


def refusal(given):
    """Return the message for files that can't be used."""
    with pytest.raises(FileError) as caught:
        given.context()
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("missing", MISSING),
        ("below a file", CAN_NOT_BE_READ.format(reason="Not a directory")),
        ("folder", NOT_REGULAR),
        *((wrong, NO_CERTIFICATE) for wrong in ("text", "empty", "bytes", "key")),
    ],
)
@pytest.mark.parametrize("key", ["tls certificate", "client ca", "tls ca"])
def test_a_message_names_the_certificate_that_can_not_be_used(broken, pair, key, wrong, message):
    """Its section, key and path, and the problem."""
    path = broken[wrong]
    if key == "tls ca":
        given = ClientTLSFiles(section="[web]", ca=path)
    elif key == "client ca":
        given = files(pair, client_ca=path)
    else:
        given = TLSFiles(certificate=path, key=pair.key)

    assert f"[web] {key} {path}: {message}" == refusal(given)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("missing", MISSING),
        *((wrong, NO_KEY) for wrong in ("text", "empty", "bytes", "certificate")),
        ("of another", NO_MATCH),
        ("encrypted_copy", ENCRYPTED),
    ],
)
@pytest.mark.parametrize("section", ["[web]", "[nodes:all]"])
def test_a_message_names_the_key_that_can_not_be_used(broken, pair, section, wrong, message):
    """For servers and clients alike."""
    path = broken[wrong]
    if section == "[web]":
        given = TLSFiles(certificate=pair.certificate, key=path)
    else:
        given = ClientTLSFiles(section=section, certificate=pair.certificate, key=path)

    expected = f"{section} tls key {path}: {message.format(certificate=pair.certificate)}"
    assert expected == refusal(given)


@pytest.mark.parametrize(
    ("certificate", "key", "client_ca", "named"),
    [
        (
            "junk",
            "key",
            None,
            f"[web] tls certificate {{junk}}: {NOT_LOADED_TOGETHER}: [",
        ),
        ("certificate", "junk key", None, f"[web] tls certificate {{certificate}}: {NOT_LOADED}"),
        ("certificate", "key", "junk", f"[web] client ca {{junk}}: {NOT_LOADED}: ["),
    ],
)
def test_a_message_has_the_error_of_openssl(broken, certificate, key, client_ca, named):
    """For files that look right and are not."""
    given = TLSFiles(
        certificate=broken[certificate], key=broken[key], client_ca=broken.get(client_ca)
    )

    assert refusal(given).startswith(named.format(**broken))


def test_the_ca_of_a_client_that_can_not_be_loaded_is_named(broken):
    """As a file that was cut."""
    given = ClientTLSFiles(section="[nodes:all]", ca=broken["junk"])

    assert refusal(given).startswith(f"[nodes:all] tls ca {broken['junk']}: {NOT_LOADED}: ")


def test_a_client_sends_its_certificate_and_checks_that_of_the_server(ca, pair):
    """With authorities of its own."""
    own = ca.client()
    client = ClientTLSFiles(
        section="[nodes:all]", ca=ca.certificate, certificate=own.certificate, key=own.key
    )

    assert b"hello" == connect(files(pair, ca.certificate).context(), client.context())[2]


def test_a_client_without_a_ca_trusts_the_authorities_of_the_system(pair):
    """Which have not signed the server's certificate."""
    client = ClientTLSFiles(section="[nodes:all]")

    with pytest.raises(ssl.SSLCertVerificationError):
        connect(files(pair).context(), client.context())


def test_openssl_does_not_ask_for_the_password_of_a_key(pair):
    """A daemon would wait forever at the terminal; this process has one."""
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

    assert "FileError: [web] tls key" in done.stderr
    assert ENCRYPTED in done.stderr


class Clock:
    """A clock that can be advanced."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def test_the_context_is_made_again_when_a_file_changes(ca, tmp_path):
    """The next client gets the new certificate."""
    pair = Authority(tmp_path, "mine").server()
    clock = Clock()
    cached = files(pair).cached(clock)
    before = cached.value()
    pair.replace_with(ca.server("next"))
    clock.now_s += 1

    after = cached.value()

    assert after is not before
    assert b"hello" == connect(after, ca.client_context())[2]


def test_a_certificate_is_used_when_its_key_is_there(ca, tmp_path, caplog):
    """The two files are not written at the same moment; until then the old ones are used."""
    pair, fresh = Authority(tmp_path, "mine").server(), ca.server("fresh")
    clock = Clock()
    cached = files(pair).cached(clock)
    before = cached.value()
    pair.certificate.write_bytes(fresh.certificate.read_bytes())
    clock.now_s += 1

    between = cached.value()
    pair.key.write_bytes(fresh.key.read_bytes())
    clock.now_s += 1
    after = cached.value()

    assert before is between
    assert NO_MATCH.format(certificate=pair.certificate) in caplog.text
    assert b"hello" == connect(after, ca.client_context())[2]
