"""A secret that stands alone in a file."""

import os

import pytest

from fructosa_service.errors import UsageError
from fructosa_service.web.secret_files import one_line, token


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_password_is_the_one_line(tmp_path, end):
    """Without its end, and else as it is: spaces and all."""
    path = tmp_path / "password"
    path.write_bytes(b" p\xc3\xa4ss " + end)

    assert b" p\xc3\xa4ss " == one_line(path, "--password-file")


def test_a_token_is_the_one_word(tmp_path):
    """Without what stands around it."""
    path = tmp_path / "token"
    path.write_bytes(b" glsa_x-1= \n")

    assert "glsa_x-1=" == token(path, "--token-file")


@pytest.mark.parametrize("content", [b"two words", "tökén".encode(), b"a" * 8001, b"a\x1bb"])
def test_what_can_be_no_token_is_refused(tmp_path, content):
    """It would break the header that it's sent in; what it is, isn't told."""
    path = tmp_path / "token"
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        token(path, "--token-file")

    message = f"--token-file {path}: holds no token; write one word, in ASCII"
    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "can't be read: No such file or directory; check the path and its"),
        (os.mkdir, "is no file; give the path of one"),
        (os.mkfifo, "is no file; give the path of one"),
        (lambda path: path.write_bytes(b""), "is empty; write the secret into it"),
        (lambda path: path.write_bytes(b"a\nb"), "has several lines; write the secret into one"),
        (lambda path: path.write_bytes(b"a\0"), "has several lines; write the secret into one"),
        (lambda path: path.write_bytes(b"a" * 2**21), "has more than 1048576 bytes; check the"),
    ],
)
def test_a_file_that_can_not_be_used_is_named(tmp_path, make, said):
    """With what to do; a pipe would keep everybody waiting."""
    path = tmp_path / "secret"
    make(path)

    with pytest.raises(UsageError) as caught:
        one_line(path, "[nodes:all] token file")

    assert str(caught.value).startswith(f"[nodes:all] token file {path}: {said}")
