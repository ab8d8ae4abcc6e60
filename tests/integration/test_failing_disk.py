"""A disk that fails on demand: what lmaster writes waits, and is written when the disk is back."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from fructosa_bridge.whisper.store import WhisperStore
from fructosa_service.logs import CANNOT_WRITE as CANNOT_LOG

from .pages import PageServer
from .processes import BIN, Master, wait_until

ENOSPC, EIO = 28, 5


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory):
    """The library that lets writes fail."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    library = tmp_path_factory.mktemp("failing") / "failing_disk.so"
    source = Path(__file__).with_name("failing_disk.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


class Disk:
    """A folder on a disk that fails while it has an error."""

    def __init__(self, folder, library):
        self.folder, self._switch = folder / "disk", folder / "switch"
        self.folder.mkdir()
        self.env = {
            **os.environ,
            "LD_PRELOAD": str(library),
            "FAILING_FOLDER": str(self.folder),
            "FAILING_SWITCH": str(self._switch),
        }

    def fail(self, error):
        """Let writes fail with that error, or succeed again."""
        if error is None:
            self._switch.unlink()
        else:
            self._switch.write_text(str(error))


@pytest.fixture
def disk(tmp_path, preloaded):
    """A disk that fails on demand."""
    return Disk(tmp_path, preloaded)


def ticks(disk, began_s):
    """Return the values that are stored."""
    store = WhisperStore(disk.folder / "whisper")
    return [value for _, value in store.fetch("d.127-0-0-1.ticks", began_s, began_s + 3000)]


def test_what_cannot_be_written_is_written_later(disk, tmp_path):
    """Queue, Whisper files and log are on that disk; lmaster goes on, and says so once."""
    config, log, began_s = tmp_path / "lmaster.conf", disk.folder / "log", int(time.time()) - 5
    with PageServer(lambda number: f"# TYPE ticks gauge\nticks {number}\n") as node:
        config.write_text(
            f"[nodes:test]\nhosts = 127.0.0.1\nport = {node.port}\ninterval = 1\n"
            f"[logging]\nfilename = {log}\n"
            f"[Graphite]\nprefix = d\nwhisper directory = {disk.folder}/whisper\n"
        )
        options = ("-c", config, "--data", disk.folder / "data")
        with Master(tmp_path, *options, log=log, env=disk.env) as master:
            wait_until(lambda: ticks(disk, began_s), master.text)
            disk.fail(ENOSPC)
            last = node.served + 2
            wait_until(lambda: node.served > last, master.text)
            disk.fail(None)
            wait_until(lambda: last in ticks(disk, began_s), master.text)

    assert list(range(last + 1)) == ticks(disk, began_s)[: last + 1]
    said = (tmp_path / "lmaster.log").read_text()
    assert [CANNOT_LOG % (log, os.strerror(ENOSPC))] == said.splitlines()
    assert "Traceback" not in log.read_text()


def test_a_command_that_cannot_write_its_output_says_so_in_one_line(disk, tmp_path):
    """No part of it is left behind."""
    config = tmp_path / "lmaster.conf"
    config.write_text("[nodes:test]\nhosts = n1\n[Graphite]\nhost = carbon\n")
    command = [BIN / "lmaster", "schemas", "-c", config, "--output", disk.folder]
    disk.fail(EIO)

    done = subprocess.run(command, env=disk.env, capture_output=True, text=True, check=False)

    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert os.strerror(EIO) in done.stderr
    assert [] == list(disk.folder.iterdir())
