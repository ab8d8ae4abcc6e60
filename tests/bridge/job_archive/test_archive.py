"""The archive of jobs on disk: nothing that was committed is lost, or silently replaced."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest

from fructosa_bridge.job_archive.archive import DAMAGED_MARK, FILE, JobArchive, backup
from fructosa_bridge.job_archive.look_ups import ArchiveReader, JobQuery
from fructosa_bridge.job_archive.rows import ArchiveRows, rows_of
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.names import job_name
from fructosa_bridge.model.errors import ArchiveError
from fructosa_service.errors import ServiceError

from ..jobs.known_jobs import T0, record
from ..jobs.pages import page, reading
from .filled import ended_run, ledger_with, opened, store


def found(archive, text="7"):
    """Return the runs of a job in the archive."""
    return ArchiveReader(archive.path).find(job_name(text))


def ids(archive):
    """Return the ids of all jobs in the archive."""
    runs = ArchiveReader(archive.path).runs(JobQuery(most=10_000))
    return sorted(run.job_id for run in runs)


@contextmanager
def sqlite(archive):
    """Open the file as any program does."""
    with closing(sqlite3.connect(archive.path)) as database:
        yield database


def test_what_is_written_is_there_after_a_restart(tmp_path):
    """With the agents, each with the number to ask for next."""
    first = opened(tmp_path)
    store(first, ledger_with(7))
    first.close()
    second = opened(tmp_path)

    (run,) = found(second)
    assert (100.0, "COMPLETED", ("n1",), 1.0) == (run.cpu_s, run.state, run.nodes, run.coverage)
    assert [("n1", "of n1", 7)] == [(one.node, one.instance, one.after) for one in second.agents()]


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


def test_a_run_that_is_written_again_is_one_row(tmp_path):
    """Its end comes later than its start, and a node's last page later still."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    store(archive, ledger, T0 + 1)
    before = found(archive)
    ended_run(ledger, 7)
    store(archive, ledger)

    assert [["RUNNING"], ["COMPLETED"]] == [
        [run.state for run in runs] for runs in (before, found(archive))
    ]


def test_figures_are_kept_if_slurm_tells_a_run_again(tmp_path):
    """As sacct does after a restart; the ledger has dropped the run long ago."""
    archive = opened(tmp_path)
    store(archive, ledger_with(7))
    ledger = JobLedger("c1")
    ledger.see_jobs([record(7, T0, T0 + 100, "FAILED")], T0 + 2000)
    store(archive, ledger, T0 + 2000)

    assert [("FAILED", 100.0, 1.0)] == [
        (run.state, run.cpu_s, run.coverage) for run in found(archive)
    ]


def test_the_ledger_goes_on_with_open_runs(tmp_path):
    """Totals go on too, as an agent may be restarted while lmaster is down."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    ended = reading(7, cpu_s=40.0, age_s=50.0, reading_age_s=9.0, end_age_s=9.0, end_sequence=1.0)
    ledger.see_page("n1", page(ended, sequence=1), T0 + 50)
    store(archive, ledger, T0 + 50)
    archive.close()

    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.restore(archive.open_runs(), archive.agents(), archive.keys_since(0))
    after = ledger.after("n1")
    ledger.see_jobs([record(7)], T0 + 600)
    ledger.see_page("n1", page(reading(7, cpu_s=5.0, age_s=20.0), instance="b"), T0 + 640)
    ledger.see_jobs([record(7)], T0 + 660)
    ledger.see_page("n1", page(reading(7, cpu_s=6.0, age_s=50.0), instance="b"), T0 + 670)

    (run,) = ledger.runs
    assert (1, 46.0) == (after, run.parts["n1"].cpu_s)


def test_a_run_that_is_closed_is_no_longer_open(tmp_path):
    """But its key is known: Slurm may list it for some time."""
    archive, ledger = opened(tmp_path), ledger_with(7)
    store(archive, ledger, T0 + 200)
    kept = len(archive.open_runs())
    store(archive, ledger, T0 + 400)
    store(archive, ledger, T0 + 401)

    assert (1, [], [7]) == (
        kept,
        archive.open_runs(),
        [key.job_id for key in archive.keys_since(0)],
    )


def test_after_an_hour_away_the_end_of_a_job_is_what_its_node_says(tmp_path):
    """Slurm has forgotten the job, and there is no slurmdbd."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(reading(7, cpu_s=30.0, age_s=30.0)), T0 + 30)
    store(archive, ledger, T0 + 30)
    archive.close()

    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.restore(archive.open_runs(), archive.agents(), archive.keys_since(0))
    now_s = T0 + 3600
    ages = {"age_s": 3600.0, "reading_age_s": 3500.0, "end_age_s": 3500.0}
    ended = reading(7, cpu_s=95.0, end_sequence=1.0, **ages)
    ledger.see_page("n1", page(ended, sequence=1), now_s)
    for second in (0, 60):
        ledger.see_jobs([], now_s + second)
    store(archive, ledger, now_s + 61)

    (run,) = found(archive)
    assert (95.0, None, T0 + 100, 1.0) == (run.cpu_s, run.state, run.end_s, run.coverage)
    assert "no longer lists" in run.notes[0]


def test_a_damaged_state_of_an_open_run_loses_its_figures_only(tmp_path, caplog):
    """The run itself is known by its row, and ends once Slurm no longer lists it."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    store(archive, ledger, T0)
    archive._database.execute("UPDATE open_run SET state = x'00'")
    (run,) = archive.open_runs()
    ledger = JobLedger("c1")
    ledger.restore([run], [])
    for minute in (1, 2):
        ledger.see_jobs([], T0 + 60 * minute)
    store(archive, ledger, T0 + 121)

    (found_run,) = found(archive)
    assert ("ada", ("n1",), None, True) == (
        *(found_run.user, found_run.nodes, found_run.state, found_run.is_over),
    )
    assert "job 7: an open run in the archive of jobs is damaged" in caplog.text


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


@pytest.mark.parametrize("value", [2.0**62, 2.0**63, 2.0**64])
def test_numbers_that_no_machine_has_do_not_keep_other_runs_from_being_written(tmp_path, value):
    """A node may report anything; SQLite takes whole numbers below 2^63."""
    archive, ledger = opened(tmp_path), ledger_with(7)
    strange = reading(8, cpu_s=value, own_max_bytes=value, peak_bytes=value, oom_kills=value)
    ledger.see_jobs([record(8, T0, T0 + 100, "COMPLETED")], T0 + 100, is_complete=False)
    for node in ("n1", "n2"):
        ledger.see_page(node, page(strange, instance=f"strange {node}"), T0 + 90)

    store(archive, ledger)

    assert [7, 8] == sorted(ids(archive))
    (run,) = ArchiveReader(archive.path).find(job_name("8"))
    assert min(value, 2**63 - 1) <= run.memory_own_max_bytes < 2**63


def test_old_runs_expire_in_small_steps(tmp_path):
    """By age; open ones stay."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    for number in range(10):
        ended_run(ledger, 100 + number, T0 + 1000 * number)
    ledger.see_jobs([record(7)], T0 - 5000, is_complete=False)
    store(archive, ledger, T0 + 20_000)
    store(archive, ledger, T0 + 20_001)

    steps = [archive.expire(T0 + 5000, most=2) for _ in range(4)]

    assert [2, 2, 1, 0] == steps
    assert [7, *range(105, 110)] == ids(archive)
    with sqlite(archive) as database:
        assert [(6,)] == database.execute("SELECT count(*) FROM run_node").fetchall()
        assert [(5,)] == database.execute("SELECT count(*) FROM curve").fetchall()


def test_the_oldest_runs_expire_while_the_archive_is_too_large(tmp_path):
    """And the file shrinks."""
    archive, ledger = opened(tmp_path), ledger_with(*range(100, 1100))
    store(archive, ledger, T0 + 20_000)
    store(archive, ledger, T0 + 20_001)
    before = archive.size_bytes()

    while archive.expire(0, keep_bytes=before // 2, most=100):
        pass

    assert archive.size_bytes() <= before // 2
    assert 200 < len(ids(archive)) < 800


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


def test_runs_that_turned_out_to_be_others_are_deleted(tmp_path):
    """With all that belongs to them."""
    archive, ledger = opened(tmp_path), ledger_with(7)
    store(archive, ledger)
    (key,) = [run.key for run in archive.open_runs()]

    archive.write(ArchiveRows([], [], [], removed=[key]))

    with sqlite(archive) as database:
        counts = [
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("run", "run_node", "curve", "open_run")
        ]
    assert [0, 0, 0, 0] == counts


def test_until_when_the_jobs_of_a_cluster_are_known_is_kept(tmp_path):
    """None, if they never were."""
    archive = opened(tmp_path)
    before = archive.known_until_s("c1")
    for until_s in (T0, T0 + 60.5):
        archive.write(ArchiveRows([], [], [], known=("c1", until_s)))

    assert (None, T0 + 60.5, None) == (
        *(before, archive.known_until_s("c1")),
        archive.known_until_s("c2"),
    )
