"""The files of a section: user and password, token, certificates."""

import pytest

from fructosa_bridge.model.access import Access
from fructosa_bridge.scrape.credentials import Credentials
from fructosa_service.errors import CAN_NOT_BE_READ, FileError
from fructosa_service.web.tls import CAN_NOT_BE_LOADED, ENCRYPTED, LACKS
from tests.certificates import Authority, encrypted_copy


class Clock:
    """A clock that a test sets."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    """The clock that decides when files are examined again."""
    return Clock()


def token_access(folder, token="abc.DEF-123\n"):  # noqa: S107 - of no node
    """Write a token file; return an access with it."""
    file = folder / "token"
    file.write_text(token)
    return Access(token_file=file)


def password_access(folder):
    """Write a password file; return an access with it."""
    file = folder / "password"
    file.write_text("open sesame\n")
    return Access(user="lmaster", password_file=file)


def error_of(access, method="authorization"):
    """Return the error of credentials that cannot be used."""
    with pytest.raises(FileError) as caught:
        getattr(Credentials("all", access), method)()
    return str(caught.value)


def test_by_default_there_are_no_credentials():
    """Neither a header Authorization nor TLS."""
    credentials = Credentials("all", Access())

    assert credentials.authorization() is None
    assert credentials.context() is None


@pytest.mark.parametrize(
    ("new_access", "expected"),
    [
        (password_access, "Basic bG1hc3RlcjpvcGVuIHNlc2FtZQ=="),
        (token_access, "Bearer abc.DEF-123"),
    ],
)
def test_the_header_authorization_has_the_content_of_the_file(tmp_path, new_access, expected):
    """A user with a password, or a token."""
    assert expected == Credentials("all", new_access(tmp_path)).authorization()


@pytest.mark.parametrize("key", ["password file", "token file"])
def test_a_missing_file_is_reported_with_section_key_and_path(tmp_path, key):
    """And with the reason."""
    path = tmp_path / "secret"
    access = Access(token_file=path) if "token" in key else Access(user="u", password_file=path)

    reason = CAN_NOT_BE_READ.format(reason="No such file or directory")
    assert f"[nodes:all] {key} {path}: {reason}" in error_of(access)


@pytest.mark.parametrize("token", ["two words", "smörgås", "tab\there", "x" * 9000, "\x1b"])
def test_an_invalid_token_is_refused(tmp_path, token):
    """It would break the header, or be too long for it."""
    message = error_of(token_access(tmp_path, token))

    assert message.startswith(f"[nodes:all] token file {tmp_path}/token: ")
    assert token not in message


def test_a_token_is_read_again_when_its_file_changes(tmp_path, clock, caplog):
    """If the new content is invalid, the previous token stays in use."""
    access = token_access(tmp_path)
    credentials = Credentials("all", access, clock)
    tokens = [credentials.authorization()]

    for content in ("new", "not a token\n"):
        access.token_file.write_text(content)
        clock.now_s += 60
        tokens.append(credentials.authorization())

    assert ["Bearer abc.DEF-123", "Bearer new", "Bearer new"] == tokens
    assert f"[nodes:all] token file {access.token_file}" in caplog.text


def test_another_authority_is_trusted_when_its_file_changes(tmp_path, clock):
    """There is a new context, as a context keeps what it was created with."""
    authority, another = Authority(tmp_path), Authority(tmp_path, "other")
    credentials = Credentials("all", Access(tls=True, ca=authority.certificate), clock)
    before = credentials.context()

    unchanged = credentials.context()
    authority.certificate.write_bytes(another.certificate.read_bytes())
    clock.now_s += 60
    after = credentials.context()

    assert before is unchanged
    assert before is not after
    assert before.get_ca_certs() != after.get_ca_certs()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, CAN_NOT_BE_READ.format(reason="No such file or directory")),
        ("hello\n", LACKS.format(what="certificate")),
        ("-----BEGIN CERTIFICATE-----\nx", CAN_NOT_BE_LOADED.format(together="")),
    ],
)
def test_an_authority_that_cannot_be_loaded_is_reported(tmp_path, content, reason):
    """With section, key and path."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    message = error_of(Access(tls=True, ca=path), "context")

    assert message.startswith(f"[nodes:all] tls ca {path}: ")
    assert reason in message


def test_a_key_with_a_password_is_refused(tmp_path):
    """lmaster has nobody to ask for it."""
    pair = Authority(tmp_path).client()
    key = encrypted_copy(pair.key)

    message = error_of(Access(tls=True, certificate=pair.certificate, key=key), "context")

    assert f"[nodes:all] tls key {key}: {ENCRYPTED}" in message


def test_a_key_of_another_certificate_is_refused(tmp_path):
    """The message says which files do not belong together."""
    authority = Authority(tmp_path)
    pair, another = authority.client(), authority.client("other")

    message = error_of(Access(tls=True, certificate=pair.certificate, key=another.key), "context")

    assert message.startswith("[nodes:all] tls ")
    assert "does not " in message
