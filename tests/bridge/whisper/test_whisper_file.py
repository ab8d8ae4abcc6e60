"""One Whisper file: its header, which times it stores, and its bytes."""

import struct

import pytest
import whisper
from hypothesis import given, settings
from hypothesis import strategies as st

from fructosa_bridge.model.points import Batch
from fructosa_bridge.whisper.retentions import archives
from fructosa_bridge.whisper.store import WhisperStore
from fructosa_bridge.whisper.whisper_file import (
    DAMAGE_ERRORS,
    WriteAllFile,
    create,
    read_archives,
    slot_end_s,
    storable_times,
)

from .series import full_after

_HOUR, _DAY = 3600, 86400
_NOW_S = 1_800_000_007


def fetch(file):
    """Check the archives, and let whisper check the method and xFilesFactor."""
    with WriteAllFile(str(file), "r") as handle:
        read_archives(handle)
        return whisper.file_fetch(handle, _NOW_S - 10, _NOW_S)


def test_a_created_file_has_its_archives(tmp_path):
    """A file from an earlier attempt is replaced."""
    file = tmp_path / "load.wsp"
    file.write_bytes(b"an earlier attempt")

    create(file, archives(10), "last")

    with WriteAllFile(str(file), "r") as handle:
        assert tuple(archives(10)) == read_archives(handle)
    assert "last" == whisper.info(str(file))["aggregationMethod"]


@pytest.mark.parametrize(
    ("head", "found", "size"),
    [
        ((1, 21600, 0.0, 0), [], 25_948),
        ((1, 21600, 0.0, 1), [(28, 0, 2160)], 25_948),
        ((1, 21600, 0.0, 1), [(28, 10, 0)], 25_948),
        ((1, 21600, 0.0, 1), [(28, 10, 2160)], 25_947),
        ((1, 21601, 0.0, 1), [(28, 10, 2160)], 25_948),
        ((1, 21600, 0.0, 1), [(40, 10, 2160)], 25_960),
        ((1, 21600, 0.0, 2**32 - 1), [(28, 10, 2160)], 25_948),
        ((1, 43200, 0.0, 2), [(40, 10, 2160), (25_960, 15, 2880)], 60_520),
        ((9, 21600, 0.0, 1), [(28, 10, 2160)], 25_948),
        ((1, 21600, 2.0, 1), [(28, 10, 2160)], 25_948),
    ],
)
def test_an_invalid_header_is_damage(tmp_path, head, found, size):
    """Without read_archives(), whisper would write to such a file, or raise other errors."""
    header = struct.pack("!2LfL", *head) + b"".join(struct.pack("!3L", *one) for one in found)
    file = tmp_path / "load.wsp"
    file.write_bytes(header.ljust(size, b"\0"))

    with pytest.raises(DAMAGE_ERRORS):
        fetch(file)


@pytest.mark.parametrize(
    ("age_s", "is_storable"),
    [
        (-6 * _HOUR - 3, False),
        (-6 * _HOUR - 2, True),
        (-1, True),
        (0, True),
        (730 * _DAY - _HOUR + 7, True),
        (730 * _DAY - _HOUR + 8, False),
        (730 * _DAY, False),
    ],
)
def test_a_file_stores_two_years_and_six_hours_ahead(age_s, is_storable):
    """To the second."""
    times, end_s = storable_times(tuple(archives(10)), _NOW_S)

    assert is_storable == (_NOW_S - age_s in times)
    assert end_s == slot_end_s(_NOW_S, archives(10)[0]) == _NOW_S + 3


_TIMES = st.one_of(
    st.integers(-3600, 60),
    st.integers(-800 * 86400, 10 * 86400),
    st.sampled_from([-8 * 86400, -6 * 3600, -6 * 3600 - 1, -1, 0, 1]),
)
_SENT = st.lists(st.tuples(_TIMES, st.floats(allow_nan=True, allow_infinity=True)), max_size=4)


@settings(max_examples=60)
@given(sends=st.lists(_SENT.filter(bool), min_size=1, max_size=12), step_s=st.sampled_from([1, 10]))
def test_a_file_is_what_whisper_itself_would_write(tmp_path_factory, sends, step_s):
    """Byte for byte: late, repeated, out of order, future, very old, NaN.

    Future points are in a call of their own, and points without a slot are omitted.
    """
    folder, now_s = tmp_path_factory.mktemp("store"), 1_800_000_007
    store = WhisperStore(folder, clock=lambda: now_s)
    peer = folder / "peer.wsp"
    whisper.create(str(peer), archives(step_s), 0, "average", sparse=True)
    oldest_s = (now_s // 3600 - 730 * 24 + 1) * 3600
    end_s = (now_s // step_s + 1) * step_s

    for send in sends:
        points = [(now_s + ago_s, value) for ago_s, value in send]
        store.write([Batch(time_s, step_s, [("n.load", value)]) for time_s, value in points])
        for times in (range(oldest_s, end_s), range(end_s, end_s + 6 * 3600)):
            whisper.update_many(str(peer), [one for one in points if one[0] in times], end_s)

    assert peer.read_bytes() == (folder / "n/load.wsp").read_bytes()


def test_a_partial_write_is_an_error(tmp_path):
    """A plain file only returns the number of bytes, which whisper ignores."""
    with full_after(70), WriteAllFile(str(tmp_path / "load.wsp"), "w") as handle:
        handle.seek(64)
        with pytest.raises(OSError, match="File too large"):
            handle.write(bytes(12))
