"""The file of the archive: nothing that was committed is lost, or silently replaced."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.job_archive.archive_file import DAMAGED_MARK, FILE, backup
from fructosa_bridge.job_archive.look_ups import ArchiveReader, JobQuery
from fructosa_bridge.job_archive.rows import rows_of
from fructosa_bridge.model.errors import ArchiveError
from fructosa_service.errors import ServiceError

from ..jobs.known_jobs import T0
from .filled import ended_run, ids, ledger_with, opened, sqlite, store


def test_only_its_owner_reads_it(tmp_path):
    """It says who ran what."""
    archive = opened(tmp_path)
    store(archive, ledger_with(7))

    files = list(archive.folder.iterdir())
    assert {FILE, f"{FILE}-wal", f"{FILE}-shm", "lock"} == {file.name for file in files}
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}
    assert 0o700 == stat.S_IMODE(archive.folder.stat().st_mode)


def test_what_others_could_read_is_closed_to_them(tmp_path):
    """As a file that was copied back from a backup."""
    first = opened(tmp_path)
    first.close()
    first.folder.chmod(0o755)
    first.path.chmod(0o644)
    second = opened(tmp_path)

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (second.folder, second.path)]
    assert [0o700, 0o600] == modes


_WRITER = """
import sys
from pathlib import Path
from tests.bridge.job_archive.filled import ended_run, ledger_with, opened
from fructosa_bridge.job_archive.rows import rows_of

archive = opened(Path(sys.argv[1]))
for number in range(1, 10**6):
    batch = ledger_with(*range(number * 20, number * 20 + 20)).batch(1.9e9)
    archive.write(rows_of(batch, 1.9e9))
    print(number, flush=True)
"""


@pytest.mark.parametrize("transactions", [1, 3, 7, 12])
def test_a_kill_loses_nothing_that_was_committed(tmp_path, transactions):
    """And leaves no half of a batch, wherever it strikes."""
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        written = [int(writer.stdout.readline()) for _ in range(transactions)]
        os.kill(writer.pid, signal.SIGKILL)
        written += map(int, writer.stdout.read().split())
    there = ids(JobArchive(tmp_path / "jobs"))  # before lmaster is started again
    archive = opened(tmp_path)

    assert there == ids(archive)
    whole = set(range(20, 20 * (written[-1] + 1)))
    assert whole <= set(there)
    assert 0 == len(there) % 20
    with sqlite(archive) as database:
        assert [("ok",)] == database.execute("PRAGMA integrity_check").fetchall()


def test_a_kill_in_mid_transaction_leaves_the_batches_before_it(tmp_path):
    """The rows of the last one are in the file's log, but not committed."""
    store_one = _WRITER.partition("for number")[0] + (
        "import os\n"
        "for number in (1, 2):\n"
        "    batch = ledger_with(*range(number * 20, number * 20 + 20)).batch(1.9e9)\n"
        "    rows = rows_of(batch, 1.9e9)\n"
        "    if number == 2:\n"
        "        archive._database.execute('PRAGMA cache_size = 1')\n"
        "        archive._database.execute('BEGIN IMMEDIATE')\n"
        "        for row in rows.runs: archive._write_run(archive._database, row)\n"
        "        os.kill(os.getpid(), 9)\n"
        "    archive.write(rows)\n"
    )
    subprocess.run([sys.executable, "-c", store_one, str(tmp_path)], check=False)

    assert list(range(20, 40)) == ids(opened(tmp_path))


def test_while_the_disk_is_full_the_ledger_keeps_what_is_new(tmp_path):
    """The message says what to do; later all of it is written."""
    archive, ledger = opened(tmp_path), ledger_with(7)
    store(archive, ledger)
    pages = archive.size_bytes() // 4096 + 2
    archive._database.execute(f"PRAGMA max_page_count = {pages}")
    for job_id in range(100, 300):
        ended_run(ledger, job_id)
    batch = ledger.batch(T0 + 1000)
    with pytest.raises(ArchiveError, match=r"full.*free disk space"):
        archive.write(rows_of(batch, T0 + 1000))
    ledger.not_written(batch)
    meanwhile = ids(archive)
    archive._database.execute("PRAGMA max_page_count = 1000000")
    store(archive, ledger)

    assert ([7], [7, *range(100, 300)]) == (meanwhile, ids(archive))


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system of its own needs root")
def test_a_full_file_system_corrupts_nothing(tmp_path):
    """Neither the file nor its log, whatever could still be written."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        archive, written = opened(folder), 0
        with pytest.raises(ArchiveError, match="free disk space"):  # noqa: PT012
            for number in range(1, 1000):
                batch = ledger_with(*range(number * 20, number * 20 + 20)).batch(T0 + 1000)
                archive.write(rows_of(batch, T0 + 1000))
                written = number
        assert list(range(20, 20 * written + 20)) == ids(archive)
        archive.close()
        archive = opened(folder)
        assert list(range(20, 20 * written + 20)) == ids(archive)
        archive.close()
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_two_lmasters_never_write_one_archive(tmp_path):
    """The second is told what to do."""
    first = opened(tmp_path)
    with pytest.raises(ServiceError, match="another lmaster"):
        opened(tmp_path)
    first.close()

    opened(tmp_path)


def test_a_damaged_file_is_set_aside(tmp_path, caplog):
    """Nothing is deleted; the log says where it is, and how to save what can be saved."""
    first = opened(tmp_path)
    store(first, ledger_with(7))
    first.close()
    damaged = b"this is no database " * 500
    first.path.write_bytes(damaged)

    second = opened(tmp_path)

    assert damaged == second.set_aside.read_bytes()
    assert "set aside" in caplog.text
    assert ".recover" in caplog.text
    assert [] == ids(second)


def test_a_file_that_is_found_damaged_later_is_set_aside_at_the_next_start(tmp_path):
    """Until then each write says so."""
    first = opened(tmp_path)
    store(first, ledger_with(*range(100, 400)))
    first.close()
    content = bytearray(first.path.read_bytes())
    for page_at in range(4096, len(content), 4096):
        content[page_at : page_at + 100] = b"\xff" * 100
    first.path.write_bytes(content)

    second, ledger = JobArchive(tmp_path / "jobs"), ledger_with(7)
    try:
        second.open()
        with pytest.raises(ArchiveError, match=r"damaged.*restart lmaster"):
            second.write(rows_of(ledger.batch(T0 + 1000), T0 + 1000))
        assert (second.folder / DAMAGED_MARK).exists()
        second.close()
        second.open()
    finally:
        assert content[4096:] == second.set_aside.read_bytes()[4096:]
    store(second, ledger_with(8))
    assert [8] == ids(second)


def test_a_file_of_another_program_is_not_touched(tmp_path):
    """It is no archive, so it is not set aside either."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    with closing(sqlite3.connect(folder / FILE)) as database:
        database.execute("CREATE TABLE theirs (x)")

    with pytest.raises(ArchiveError, match="not an archive"):
        opened(tmp_path)
    with closing(sqlite3.connect(folder / FILE)) as database:
        assert [("theirs",)] == database.execute("SELECT name FROM sqlite_schema").fetchall()


def test_a_backup_is_whole_while_it_is_written(tmp_path):
    """It is readable for its owner only, and never overwrites a file."""
    archive = opened(tmp_path)
    store(archive, ledger_with(*range(100, 200)))
    to = tmp_path / "backup.sqlite"
    backup(archive.path, to)
    store(archive, ledger_with(7))

    assert list(range(100, 200)) == sorted(run.job_id for run in ArchiveReader(to).runs(JobQuery()))
    assert 0o600 == stat.S_IMODE(to.stat().st_mode)
    with pytest.raises(ArchiveError, match="name a new file"):
        backup(archive.path, to)
    with pytest.raises(ArchiveError, match="cannot back up"):
        backup(tmp_path / "none.sqlite", tmp_path / "other.sqlite")
    assert not (tmp_path / "other.sqlite").exists()


def test_a_folder_that_cannot_be_made_is_an_error_that_says_so(tmp_path):
    """lmaster goes on without the archive, and tries again."""
    (tmp_path / "jobs").write_text("a file")

    with pytest.raises(ArchiveError, match="make the folder writable"):
        opened(tmp_path)
