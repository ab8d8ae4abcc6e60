"""The sensor TextFile."""

import logging
import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Family
from fructosa_exporter.page.exposition import family_lines
from fructosa_exporter.sensors import textfile
from fructosa_exporter.sensors.textfile import CHANGED, NOT_REGULAR, TextFile, TextFileOptions
from fructosa_exporter.sources.prom_files import NO_VALUE, FileRejected

from ..recorded import kernel


@pytest.fixture
def sensor(tmp_path):
    """The sensor for an empty folder."""
    return TextFile(TextFileOptions(folder=tmp_path))


def samples_and_lines(sensor):
    """Return the sensor's own samples by name and labels, and the lines of the families."""
    items = list(sensor.samples())
    own = {
        (one.metric.name.removeprefix("fructosa_textfile_"), *one.labels): one.value
        for one in items
        if not isinstance(one, Family)
    }
    return own, [line for one in items if isinstance(one, Family) for line in one.lines]


def errors(sensor):
    """Return fructosa_textfile_error by file."""
    own, _ = samples_and_lines(sensor)
    return {labels[1]: value for labels, value in own.items() if labels[0] == "error"}


def logged(caplog):
    """Return the log records since the last call."""
    found = [(record.levelname, record.getMessage()) for record in caplog.records]
    caplog.clear()
    return found


def test_the_files_of_a_folder_are_exposed():
    """Merged, with the time when each was written."""
    read = kernel("textfile")
    folder = Path("/var/lib/fructosa/textfile")
    for name, mtime_s in (("backup", 1.7e9), ("scratch", 1.6e9 + 0.25)):
        os.utime(f"{read.path(str(folder))}/{name}.prom", (0, mtime_s))

    own, lines = samples_and_lines(TextFile(TextFileOptions(folder=folder), read=read))

    assert own == {
        ("mtime_seconds", "backup.prom"): 1.7e9,
        ("error", "backup.prom"): 0,
        ("mtime_seconds", "scratch.prom"): 1.6e9 + 0.25,
        ("error", "scratch.prom"): 0,
    }
    assert lines == [
        'backup_last_success_seconds{target="home"} 1.7e+09',
        'backup_last_success_seconds{target="scratch"} NaN',
        'batch_duration_seconds_bucket{le="10"} 3',
        'batch_duration_seconds_bucket{le="+Inf"} 4',
        "batch_duration_seconds_sum 61.5",
        "batch_duration_seconds_count 4",
    ]


def test_a_sensor_reader_accepts_families_and_samples(sensor, tmp_path):
    """The rendered families can be parsed."""
    (tmp_path / "a.prom").write_text("a 1\n")

    reading = SensorReader(sensor).run()

    assert reading.error is None
    assert len(reading.samples) == 2
    (family,) = text_string_to_metric_families(family_lines(reading.families))
    assert [("a", 1.0)] == [(sample.name, sample.value) for sample in family.samples]


def test_the_sensor_is_unavailable_without_a_folder():
    """The message names the option to set."""
    with pytest.raises(SensorUnavailable, match=r"set \[sensor:TextFile\] folder"):
        samples_and_lines(TextFile())


def test_an_empty_folder_is_not_an_error(sensor):
    """Programs may not have written anything yet."""
    assert ({}, []) == samples_and_lines(sensor)


def test_a_missing_folder_is_an_error(tmp_path):
    """A wrong path must not look like an empty folder."""
    with pytest.raises(FileNotFoundError):
        samples_and_lines(TextFile(TextFileOptions(folder=tmp_path / "gone")))


def test_other_files_and_hidden_files_are_ignored(sensor, tmp_path):
    """Such as files that are still being written."""
    for name in ("a.prom.tmp", "a.txt", ".a.prom", "prom", ".prom"):
        (tmp_path / name).write_text("a 1\n")

    assert ({}, []) == samples_and_lines(sensor)


def test_an_invalid_file_costs_only_itself(sensor, tmp_path):
    """It is skipped as a whole."""
    (tmp_path / "a.prom").write_text("a 1\n")
    (tmp_path / "b.prom").write_text("b 1\nb\n")

    _, lines = samples_and_lines(sensor)

    assert ["a 1"] == lines
    assert errors(sensor) == {"a.prom": 0, "b.prom": 1}


def test_an_error_is_logged_when_it_changes_and_not_at_every_reading(sensor, tmp_path, caplog):
    """With file and line; it is also logged when the error is resolved."""
    caplog.set_level(logging.INFO)
    file = tmp_path / "a.prom"
    file.write_text("ok 1\na\n")
    samples_and_lines(sensor)
    (tmp_path / "other.prom").write_text("other 1\n")
    samples_and_lines(sensor)
    first = logged(caplog)
    file.write_text("a\n")
    samples_and_lines(sensor)
    second = logged(caplog)
    file.write_text("a 1\n")
    samples_and_lines(sensor)
    samples_and_lines(sensor)
    third = logged(caplog)

    assert [level for level, _ in first + second + third] == ["WARNING", "WARNING", "INFO"]
    no_value = NO_VALUE.format(text="'a'")
    assert first[0][1].endswith(f" 'a.prom' in {tmp_path}: line 2: {no_value}")
    assert second[0][1].endswith(f": line 1: {no_value}")
    assert f"exposes 'a.prom' in {tmp_path} again" in third[0][1]


def test_a_file_that_is_removed_is_forgotten(sensor, tmp_path, caplog):
    """If it returns with the same error, the error is logged again."""
    caplog.set_level(logging.INFO)
    file = tmp_path / "a.prom"
    file.write_text("a\n")
    samples_and_lines(sensor)
    file.unlink()
    gone = samples_and_lines(sensor)
    file.write_text("a\n")
    samples_and_lines(sensor)

    assert ({}, []) == gone
    assert ["WARNING", "WARNING"] == [level for level, _ in logged(caplog)]


def test_the_first_of_contradicting_files_is_exposed(sensor, tmp_path):
    """By name; the second is exposed once the first is removed."""
    (tmp_path / "b.prom").write_text("a 2\n")
    (tmp_path / "a.prom").write_text("a 1\n")
    both, lines = samples_and_lines(sensor)
    (tmp_path / "a.prom").unlink()
    other, lines_of_other = samples_and_lines(sensor)

    assert (both["error", "a.prom"], both["error", "b.prom"], lines) == (0, 1, ["a 1"])
    assert (other["error", "b.prom"], lines_of_other) == (0, ["a 2"])


def test_unchanged_files_are_neither_parsed_nor_merged_again(sensor, tmp_path):
    """Size, inode and mtime show that nothing changed."""
    (tmp_path / "a.prom").write_text("a 1\n")
    (tmp_path / "b.prom").write_text("b\n")
    for name in "ab":
        os.utime(tmp_path / f"{name}.prom", (0, 1))

    *_, first = sensor.samples()
    before = sensor._files
    *_, second = sensor.samples()

    assert first is second
    assert before is sensor._files


def test_only_the_file_that_was_replaced_is_read_again(sensor, tmp_path):
    """By a rename, as recommended."""
    (tmp_path / "a.prom").write_text("a 1\n")
    (tmp_path / "b.prom").write_text("b 1\n")
    os.utime(tmp_path / "b.prom", (0, 1))
    samples_and_lines(sensor)
    before = sensor._files

    (tmp_path / "a.tmp").write_text("a 2\n")
    (tmp_path / "a.tmp").rename(tmp_path / "a.prom")

    assert samples_and_lines(sensor)[1] == ["a 2", "b 1"]
    assert sensor._files["b.prom"] is before["b.prom"]


def test_a_file_rewritten_in_place_with_the_same_size_is_read_again(sensor, tmp_path):
    """Its mtime has changed."""
    file = tmp_path / "a.prom"
    file.write_text("a 1\n")
    samples_and_lines(sensor)
    file.write_text("a 2\n")
    os.utime(file, ns=(0, 5))

    assert (tmp_path / "a.prom").stat().st_mtime_ns == 5
    assert samples_and_lines(sensor)[1] == ["a 2"]


def test_a_file_that_was_just_written_is_read_again(sensor, tmp_path):
    """Its mtime may be that of two changes, as the clock of a file system is coarse."""
    file = tmp_path / "a.prom"
    file.write_text("a 1\n")
    status = file.stat()
    samples_and_lines(sensor)
    file.write_text("a 2\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert samples_and_lines(sensor)[1] == ["a 2"]


def test_a_file_that_is_still_being_written_is_an_error(sensor, tmp_path):
    """Until its last line is complete."""
    file = tmp_path / "a.prom"
    file.write_text("a 17")
    assert ([], {"a.prom": 1}) == (samples_and_lines(sensor)[1], errors(sensor))

    with file.open("a") as writer:
        writer.write("95966470\n")

    assert (["a 1795966470"], {"a.prom": 0}) == (samples_and_lines(sensor)[1], errors(sensor))


@pytest.mark.parametrize(
    "change", [lambda file: file.write("b 2\n"), lambda file: file.truncate(0)]
)
def test_a_file_that_changes_while_it_is_read_is_rejected(tmp_path, change):
    """What was read may be half of the old and half of the new content."""
    path = tmp_path / "a.prom"
    path.write_text("a 1\n")
    with path.open("rb") as reader, path.open("a", buffering=1) as writer:

        def read(limit):
            content = reader.read(limit)
            change(writer)
            return content

        with pytest.raises(FileRejected, match=CHANGED):
            textfile._unchanged(SimpleNamespace(fileno=reader.fileno, read=read))


def test_other_than_regular_files_are_rejected_without_blocking(sensor, tmp_path):
    """A FIFO without a writer would block forever; opening a device may have side effects."""
    os.mkfifo(tmp_path / "a.prom")
    (tmp_path / "b.prom").mkdir()
    (tmp_path / "c.prom").symlink_to("/dev/zero")

    assert errors(sensor) == {"a.prom": 1, "b.prom": 1, "c.prom": 1}


def test_other_than_regular_files_are_not_opened(sensor, tmp_path, caplog):
    """Opening a socket would raise another error."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "a.prom"))  # an absolute one may be too long
        samples_and_lines(sensor)

    ((_, message),) = logged(caplog)
    assert message.endswith(f": {NOT_REGULAR}")


def test_files_are_sorted_by_name(sensor, tmp_path):
    """The order within the folder is arbitrary."""
    names = [f"{at:02}.prom" for at in range(20)]
    for name in sorted(names, key=lambda name: name[::-1]):
        (tmp_path / name).write_text("a 1\n")

    found = errors(sensor)

    assert names == list(found)
    assert [0] + [1] * 19 == list(found.values())


def test_a_fifo_that_replaces_a_file_does_not_block(tmp_path):
    """Even if it does so between the check and the opening."""
    os.mkfifo(tmp_path / "a.prom")
    regular = os.stat_result((stat.S_IFREG, *(0,) * 9))

    with pytest.raises(FileRejected, match=NOT_REGULAR):
        textfile._content(tmp_path / "a.prom", regular)


def test_a_large_file_is_rejected(sensor, tmp_path):
    """By its size, without reading it."""
    for name, size in (("a", 4 * 1024**2), ("b", 4 * 1024**2 + 1)):
        (tmp_path / f"{name}.prom").write_bytes(b"#" * (size - 1) + b"\n")

    assert errors(sensor) == {"a.prom": 0, "b.prom": 1}


def test_a_file_that_grows_while_it_is_read_is_rejected(monkeypatch):
    """Reading stops at the limit: a file of the kernel has a size of zero but has content."""
    file = Path("/proc/self/stat")
    monkeypatch.setattr(textfile, "_SIZE_LIMIT", 3)

    assert file.stat().st_size == 0
    with pytest.raises(FileRejected, match="is larger than"):
        textfile._content(file, file.stat())


def test_a_symbolic_link_is_followed(sensor, tmp_path):
    """A broken link is an error."""
    (tmp_path / "x").write_text("a 1\n")
    (tmp_path / "a.prom").symlink_to("x")
    (tmp_path / "b.prom").symlink_to("gone")
    (tmp_path / "c.prom").symlink_to("c.prom")

    own, lines = samples_and_lines(sensor)

    assert lines == ["a 1"]
    assert errors(sensor) == {"a.prom": 0, "b.prom": 1, "c.prom": 1}
    assert ("mtime_seconds", "b.prom") not in own


def test_a_file_that_is_removed_after_the_listing_is_ignored(tmp_path):
    """It is not an error."""
    assert textfile._file(tmp_path / "gone.prom", None) is None


class Denied(type(Path())):
    """A path without permission to read it."""

    def stat(self):
        """Raise PermissionError."""
        raise PermissionError(13, "Permission denied", str(self))


def test_an_unreadable_file_is_read_again_next_time(tmp_path):
    """A change of its permissions does not change its mtime."""
    file = textfile._file(Denied(tmp_path / "a.prom"), None)

    assert "cannot be read" in file.error
    assert file.identity is None


def test_file_names_with_invalid_utf8_have_distinct_labels(sensor, tmp_path):
    """Also from names that look like the escaped ones."""
    folder = os.fsencode(tmp_path)
    for name in (b"\xff.prom", b"\\udcff.prom", b"\\\\udcff.prom", b'"\n.prom'):
        Path(os.fsdecode(folder + b"/" + name)).write_text(f"a{len(name)} 1\n")

    reading = SensorReader(sensor).run()

    assert reading.error is None
    assert {r"\udcff.prom", r"\\udcff.prom", r"\\\\udcff.prom", '"\n.prom'} == {
        labels[0] for (_, labels), _ in reading.samples
    }


def test_a_file_name_with_invalid_utf8_is_logged_escaped(sensor, tmp_path, caplog):
    """The message can be encoded."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.prom")).write_text("a\n")

    samples_and_lines(sensor)

    ((_, message),) = logged(caplog)
    assert r"'\udcff.prom'" in message
    message.encode()


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"# only a comment", b"\xef\xbb\xbfa 1", b"\0" * 9]
)
def test_odd_content_never_breaks_the_sensor(sensor, tmp_path, content):
    """It is empty or an error of its file."""
    (tmp_path / "a.prom").write_bytes(content)

    own, lines = samples_and_lines(sensor)

    assert own["error", "a.prom"] in (0, 1)
    assert lines == []
