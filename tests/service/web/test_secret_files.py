"""Files that contain one secret."""

import os

import pytest

from fructosa_service.errors import CAN_NOT_BE_READ, TOO_LARGE, FileError
from fructosa_service.web.secret_files import NOT_REGULAR, SEVERAL_LINES, one_line, token


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_password_is_the_one_line(tmp_path, end):
    """Without its line end, but with all spaces."""
    path = tmp_path / "password"
    path.write_bytes(b" p\xc3\xa4ss " + end)

    assert b" p\xc3\xa4ss " == one_line(path, "--password-file")


def test_a_token_is_the_one_word(tmp_path):
    """Without the space around it."""
    path = tmp_path / "token"
    path.write_bytes(b" glsa_x-1= \n")

    assert "glsa_x-1=" == token(path, "--token-file")


@pytest.mark.parametrize("content", [b"two words", "tökén".encode(), b"a" * 8001, b"a\x1bb"])
def test_an_invalid_token_is_rejected(tmp_path, content):
    """It would break the header; the message does not show it."""
    path = tmp_path / "token"
    path.write_bytes(content)

    with pytest.raises(FileError) as caught:
        token(path, "--token-file")

    message = f"--token-file {path}: contains no valid token; write one word, in ASCII"
    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, CAN_NOT_BE_READ.format(reason="No such file or directory")),
        (os.mkdir, NOT_REGULAR),
        (os.mkfifo, NOT_REGULAR),
        (lambda path: path.write_bytes(b""), "is empty; write the secret into it"),
        (
            lambda path: path.write_bytes(b"a\nb"),
            SEVERAL_LINES,
        ),
        (
            lambda path: path.write_bytes(b"a\0"),
            SEVERAL_LINES,
        ),
        (lambda path: path.write_bytes(b"a" * 2**21), TOO_LARGE.format(limit=2**20)),
    ],
)
def test_a_message_names_the_file_that_can_not_be_used(tmp_path, make, message):
    """And what to do; reading a pipe would block."""
    path = tmp_path / "secret"
    make(path)

    with pytest.raises(FileError) as caught:
        one_line(path, "[nodes:all] token file")

    assert f"[nodes:all] token file {path}: {message}" == str(caught.value)
