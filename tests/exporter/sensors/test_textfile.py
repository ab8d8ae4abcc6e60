"""Files that other programs leave."""

import logging
import os
import socket
import stat
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Family
from fructosa_exporter.page.exposition import family_lines
from fructosa_exporter.sensors import textfile
from fructosa_exporter.sensors.textfile import TextFile, TextFileOptions
from fructosa_exporter.sources.prom_files import FileRejected

from ..recorded import kernel


@pytest.fixture
def sensor(tmp_path):
    """The sensor of a folder that is empty yet."""
    return TextFile(TextFileOptions(folder=tmp_path))


def seen(sensor):
    """Return the sensor's own samples and the lines of the families."""
    items = list(sensor.samples())
    own = {
        (one.metric.name.removeprefix("fructosa_textfile_"), *one.labels): one.value
        for one in items
        if not isinstance(one, Family)
    }
    return own, [line for one in items if isinstance(one, Family) for line in one.lines]


def errors(sensor):
    """Return for each file whether it is in error."""
    own, _ = seen(sensor)
    return {labels[1]: value for labels, value in own.items() if labels[0] == "error"}


def warnings(caplog):
    """Return what was logged since the last call."""
    found = [(record.levelname, record.getMessage()) for record in caplog.records]
    caplog.clear()
    return found


def test_the_files_of_a_folder_are_shown():
    """Merged, with when each was written."""
    read = kernel("textfile")
    folder = Path("/var/lib/fructosa/textfile")
    for name, mtime_s in (("backup", 1.7e9), ("scratch", 1.6e9 + 0.25)):
        os.utime(f"{read.path(str(folder))}/{name}.prom", (0, mtime_s))

    own, lines = seen(TextFile(TextFileOptions(folder=folder), read=read))

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


def test_a_reader_takes_families_and_samples(sensor, tmp_path):
    """Into a reading, whose page parses."""
    (tmp_path / "a.prom").write_text("a 1\n")

    reading = SensorReader(sensor).run()

    assert reading.error is None
    assert len(reading.samples) == 2
    (family,) = text_string_to_metric_families(family_lines(reading.families))
    assert [("a", 1.0)] == [(sample.name, sample.value) for sample in family.samples]


def test_without_a_folder_there_is_nothing_to_read():
    """It says what to configure."""
    with pytest.raises(SensorUnavailable, match=r"set \[sensor:TextFile\] folder"):
        seen(TextFile())


def test_an_empty_folder_is_no_error(sensor):
    """Programs may have written nothing yet."""
    assert ({}, []) == seen(sensor)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    """A name that is wrong must not look like programs that say nothing."""
    with pytest.raises(FileNotFoundError):
        seen(TextFile(TextFileOptions(folder=tmp_path / "gone")))


def test_other_files_and_hidden_ones_are_left_out(sensor, tmp_path):
    """Such as those that are being written."""
    for name in ("a.prom.tmp", "a.txt", ".a.prom", "prom", ".prom"):
        (tmp_path / name).write_text("a 1\n")

    assert ({}, []) == seen(sensor)


def test_a_file_that_breaks_costs_only_itself(sensor, tmp_path):
    """All of it is left out."""
    (tmp_path / "a.prom").write_text("a 1\n")
    (tmp_path / "b.prom").write_text("b 1\nb\n")

    _, lines = seen(sensor)

    assert ["a 1"] == lines
    assert errors(sensor) == {"a.prom": 0, "b.prom": 1}


def test_an_error_is_logged_when_it_changes_and_not_at_every_reading(sensor, tmp_path, caplog):
    """With file and line; and that it has passed."""
    caplog.set_level(logging.INFO)
    file = tmp_path / "a.prom"
    file.write_text("ok 1\na\n")
    seen(sensor)
    (tmp_path / "other.prom").write_text("other 1\n")
    seen(sensor)
    first = warnings(caplog)
    file.write_text("a\n")
    seen(sensor)
    second = warnings(caplog)
    file.write_text("a 1\n")
    seen(sensor)
    seen(sensor)
    third = warnings(caplog)

    assert [level for level, _ in first + second + third] == ["WARNING", "WARNING", "INFO"]
    assert f"'a.prom' of {tmp_path}: line 2: 'a' has no value" in first[0][1]
    assert "line 1: 'a' has no value" in second[0][1]
    assert f"shows 'a.prom' of {tmp_path} again" in third[0][1]


def test_a_file_that_is_removed_is_forgotten(sensor, tmp_path, caplog):
    """One that is wrong in the same way later is told anew."""
    caplog.set_level(logging.INFO)
    file = tmp_path / "a.prom"
    file.write_text("a\n")
    seen(sensor)
    file.unlink()
    gone = seen(sensor)
    file.write_text("a\n")
    seen(sensor)

    assert ({}, []) == gone
    assert ["WARNING", "WARNING"] == [level for level, _ in warnings(caplog)]


def test_of_files_that_contradict_one_another_the_first_is_shown(sensor, tmp_path):
    """By name; and the other one as soon as the first has gone."""
    (tmp_path / "b.prom").write_text("a 2\n")
    (tmp_path / "a.prom").write_text("a 1\n")
    both, lines = seen(sensor)
    (tmp_path / "a.prom").unlink()
    other, lines_of_other = seen(sensor)

    assert (both["error", "a.prom"], both["error", "b.prom"], lines) == (0, 1, ["a 1"])
    assert (other["error", "b.prom"], lines_of_other) == (0, ["a 2"])


def test_unchanged_files_are_neither_parsed_nor_merged_again(sensor, tmp_path):
    """Most readings find nothing new: size, inode and time of change tell."""
    (tmp_path / "a.prom").write_text("a 1\n")
    (tmp_path / "b.prom").write_text("b\n")

    *_, first = sensor.samples()
    before = sensor._files
    *_, second = sensor.samples()

    assert first is second
    assert before is sensor._files


def test_a_file_that_is_replaced_is_read_again_and_no_other(sensor, tmp_path):
    """By a rename, as files should be written."""
    (tmp_path / "a.prom").write_text("a 1\n")
    (tmp_path / "b.prom").write_text("b 1\n")
    seen(sensor)
    before = sensor._files

    (tmp_path / "a.tmp").write_text("a 2\n")
    (tmp_path / "a.tmp").rename(tmp_path / "a.prom")

    assert seen(sensor)[1] == ["a 2", "b 1"]
    assert sensor._files["b.prom"] is before["b.prom"]


def test_a_file_rewritten_in_place_with_the_same_size_is_read_again(sensor, tmp_path):
    """Its time of change tells."""
    file = tmp_path / "a.prom"
    file.write_text("a 1\n")
    seen(sensor)
    file.write_text("a 2\n")
    os.utime(file, ns=(0, 5))

    assert (tmp_path / "a.prom").stat().st_mtime_ns == 5
    assert seen(sensor)[1] == ["a 2"]


def test_what_is_no_regular_file_is_refused_and_waited_for_by_nobody(sensor, tmp_path):
    """A FIFO without a writer would block for ever; opening a device may do something."""
    os.mkfifo(tmp_path / "a.prom")
    (tmp_path / "b.prom").mkdir()
    (tmp_path / "c.prom").symlink_to("/dev/zero")

    assert errors(sensor) == {"a.prom": 1, "b.prom": 1, "c.prom": 1}


def test_what_is_no_regular_file_is_not_even_opened(sensor, tmp_path, caplog):
    """A socket can't be, which would be another error."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "a.prom"))  # an absolute one may be too long
        seen(sensor)

    ((_, message),) = warnings(caplog)
    assert "is no regular file; write the metrics to a plain one" in message


def test_files_are_told_in_the_order_of_their_names(sensor, tmp_path):
    """Not in that of the folder, which is arbitrary."""
    names = [f"{at:02}.prom" for at in range(20)]
    for name in sorted(names, key=lambda name: name[::-1]):
        (tmp_path / name).write_text("a 1\n")

    found = errors(sensor)

    assert names == list(found)
    assert [0] + [1] * 19 == list(found.values())


def test_a_fifo_that_takes_the_place_of_a_file_blocks_nothing(tmp_path):
    """Even between a look at it and its opening."""
    os.mkfifo(tmp_path / "a.prom")
    regular = os.stat_result((stat.S_IFREG, *(0,) * 9))

    with pytest.raises(FileRejected, match="no regular file"):
        textfile._content(tmp_path / "a.prom", regular)


def test_a_large_file_is_refused(sensor, tmp_path):
    """By its size, without reading it."""
    for name, size in (("a", 4 * 1024**2), ("b", 4 * 1024**2 + 1)):
        (tmp_path / f"{name}.prom").write_bytes(b"#" * size)

    assert errors(sensor) == {"a.prom": 0, "b.prom": 1}


def test_a_file_that_grows_while_it_is_read_is_refused(monkeypatch):
    """No more is read than the limit, whatever size it had: the kernel's files have none."""
    file = Path("/proc/self/stat")
    monkeypatch.setattr(textfile, "_SIZE_LIMIT", 3)

    assert file.stat().st_size == 0
    with pytest.raises(FileRejected, match="is larger than"):
        textfile._content(file, file.stat())


def test_a_symbolic_link_is_followed(sensor, tmp_path):
    """One that leads nowhere is an error: somebody wanted it there."""
    (tmp_path / "x").write_text("a 1\n")
    (tmp_path / "a.prom").symlink_to("x")
    (tmp_path / "b.prom").symlink_to("gone")
    (tmp_path / "c.prom").symlink_to("c.prom")

    own, lines = seen(sensor)

    assert lines == ["a 1"]
    assert errors(sensor) == {"a.prom": 0, "b.prom": 1, "c.prom": 1}
    assert ("mtime_seconds", "b.prom") not in own


def test_a_file_that_is_removed_after_the_folder_was_listed_is_not_there(tmp_path):
    """It is no error: it has just gone."""
    assert textfile._file(tmp_path / "gone.prom", None) is None


class Denied(type(Path())):
    """A file that others may not read."""

    def stat(self):
        """Refuse."""
        raise PermissionError(13, "Permission denied", str(self))


def test_a_file_that_may_not_be_read_costs_only_itself(tmp_path):
    """And is looked at again at the next reading: that it may be read does not change its time."""
    file = textfile._file(Denied(tmp_path / "a.prom"), None)

    assert "can't be read" in file.error
    assert file.identity is None


def test_files_whose_names_are_no_unicode_are_told_apart(sensor, tmp_path):
    """From those, too, that are called as the others are shown."""
    folder = os.fsencode(tmp_path)
    for name in (b"\xff.prom", b"\\udcff.prom", b"\\\\udcff.prom", b'"\n.prom'):
        Path(os.fsdecode(folder + b"/" + name)).write_text(f"a{len(name)} 1\n")

    reading = SensorReader(sensor).run()

    assert reading.error is None
    assert {r"\udcff.prom", r"\\udcff.prom", r"\\\\udcff.prom", '"\n.prom'} == {
        labels[0] for (_, labels), _ in reading.samples
    }


def test_a_name_that_is_no_unicode_can_be_logged(sensor, tmp_path, caplog):
    """As an escape."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.prom")).write_text("a\n")

    seen(sensor)

    ((_, message),) = warnings(caplog)
    assert r"'\udcff.prom'" in message
    message.encode()


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"# only a comment", b"\xef\xbb\xbfa 1", b"\0" * 9]
)
def test_odd_content_never_breaks_the_sensor(sensor, tmp_path, content):
    """It is nothing, or an error of its file."""
    (tmp_path / "a.prom").write_bytes(content)

    own, lines = seen(sensor)

    assert own["error", "a.prom"] in (0, 1)
    assert lines == []
