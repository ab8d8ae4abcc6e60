"""A file that keeps what Slurm reported last, of any format."""

import pytest

from fructosa_bridge.slurm_states import kept_file
from fructosa_bridge.slurm_states.kept_file import NOT_KEPT, FileFormat, KeptFile, time_s

NUMBERS = FileFormat("numbers", 3, "a list of numbers")


def test_what_was_written_is_read(tmp_path):
    """By a later process."""
    KeptFile(tmp_path / "file").write(NUMBERS.encode(numbers=[1, 2]))

    found = KeptFile(tmp_path / "file").read(NUMBERS.decode)

    assert {"format": "numbers", "version": 3, "numbers": [1, 2]} == found


def test_a_file_beyond_the_limit_is_refused(tmp_path, monkeypatch, caplog):
    """It is read no further than that."""
    monkeypatch.setattr(kept_file, "_MAX_BYTES", 50)
    KeptFile(tmp_path / "file").write(NUMBERS.encode(numbers=list(range(100))))

    assert KeptFile(tmp_path / "file").read(NUMBERS.decode) is None
    assert "more than 50 bytes" in caplog.text


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (kept_file.text, 1),
        (kept_file.time_s, "1"),
        (kept_file.time_s, float("nan")),
        (kept_file.truth, 0),
    ],
)
def test_a_value_of_another_type_is_refused(check, value):
    """As a file that was edited may hold."""
    with pytest.raises(ValueError, match=r"not|neither"):
        check(value)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"\xff",
        b"",
        b'{"format":"numbers","version":3,"since":1' + b"0" * 400 + b"}",
    ],
)
def test_whatever_is_in_a_file_it_is_no_error(tmp_path, caplog, content):
    """Deep nesting, text that is no UTF-8, a time beyond all numbers: one line says so."""
    (tmp_path / "file").write_bytes(content)

    found = KeptFile(tmp_path / "file").read(lambda read: time_s(NUMBERS.decode(read)["since"]))

    assert (None, 1) == (found, len(caplog.messages))


def test_why_a_file_cannot_be_written_is_logged_once(tmp_path, caplog):
    """And again when the reason is another one, or after it could be written."""
    file = KeptFile(tmp_path / "none" / "file")

    for _ in range(2):
        file.write("{}")
    (tmp_path / "none").mkdir()
    file.write("{}")
    (tmp_path / "none" / "file").unlink()
    (tmp_path / "none").rmdir()
    file.write("{}")

    lines = [one.getMessage() for one in caplog.records]
    assert 2 == len(lines)
    assert all(line.startswith(NOT_KEPT % "cannot write") for line in lines)
