"""A reading of Slurm, with scripts in the place of its commands: good days and bad ones."""

import re

import pytest

from fructosa_bridge.config.slurm_settings import SlurmSettings
from fructosa_bridge.slurm.command import MISSING, TIMED_OUT
from fructosa_bridge.slurm.reader import (
    DENIED,
    DOWN,
    JOBS_HIDDEN,
    JOBS_UNSURE,
    NO_NODES,
    TOO_FEW_JOBS,
    Reader,
    _user_name,
)
from fructosa_bridge.slurm_output import sacct, scontrol, sdiag, squeue
from tests.bridge.slurm_output.outputs import MARK, RECORDED, recorded

from ..jobs.known_jobs import T0, record
from ..slurm_output.test_gpu_indexes import use
from .scripts import printing, script

RECORDS = printing(RECORDED / "scontrol")
CONFIG = recorded("config")
PRIVATE = CONFIG.replace("PrivateData             = none", "PrivateData = jobs,nodes,reservations")
SDIAG = recorded("sdiag")
EMPTY_SDIAG = re.sub(r"(Jobs \w+: +)\d+", r"\g<1>0", SDIAG)
PENDING, RUNNING = (
    int(re.search(rf"Jobs {word}: +(\d+)", SDIAG)[1]) for word in ("pending", "running")
)
READ = ["scontrol ping", "scontrol show config", "scontrol -a -d -o -F", "sdiag", "squeue -h -a -t"]


class Commands:
    """A folder with scripts that print what was recorded, and note how they are called."""

    def __init__(self, folder):
        self.folder = folder
        self._calls = folder / "calls"
        self.scontrol()
        self.prints("sdiag", SDIAG)
        self.runs("squeue", self.squeue_text(RECORDED / "squeue"))

    def runs(self, name, text):
        """Let a command run a text of a shell."""
        script(self.folder, name, f'echo {name} "$1" "$2" "$3" $4 >>{self._calls}\n{text}')

    def prints(self, name, output, **more):
        """Let a command print a text."""
        file = self.folder / f"{name}.txt"
        file.write_text(output)
        self.runs(name, printing(file, **more))

    def scontrol(self, ping="exit 0", config=CONFIG, records=RECORDS):
        """Let scontrol answer to ping, to show config, and to requests on its input."""
        file = self.folder / "config.txt"
        file.write_text(config)
        cases = {"ping": ping, '"show config"': printing(file), "*": records}
        text = "\n".join(f"{case}) {answer} ;;" for case, answer in cases.items())
        self.runs("scontrol", f'case "$*" in\n{text}\nesac')

    @staticmethod
    def squeue_text(file):
        """Return a script that prints jobs with the mark that it is called with."""
        return f"mark=${{6##*:0}}\nLC_ALL=C sed \"s/{MARK}/$mark/g\" '{file}'"

    def calls(self):
        """Return how the commands were called since the last time, without the fields."""
        lines = self._calls.read_text().splitlines()
        self._calls.unlink()
        return [" ".join(line.split()).removesuffix(" all") for line in lines]


@pytest.fixture
def commands(tmp_path):
    """Commands of a healthy cluster."""
    return Commands(tmp_path)


def reader_of(commands, clock=lambda: 1000.0, **settings):
    """Return a reader that runs these commands."""
    return Reader(SlurmSettings(commands=commands.folder, **settings), clock=clock)


async def test_a_reading_has_all_that_the_commands_print(commands):
    """Five commands, one after the other; then it is known how the cluster is."""
    reader = reader_of(commands)

    reading = await reader.read()

    found = scontrol.parse(recorded("scontrol"))
    assert READ == commands.calls()
    assert (1000.0, "hpc") == (reading.time_s, reading.config.cluster)
    assert squeue.parse(recorded("squeue"), MARK) == reading.jobs
    assert (found.nodes, found.partitions) == (reading.nodes, reading.partitions)
    assert (found.reservations, found.licenses) == (reading.reservations, reading.licenses)
    assert sdiag.parse(SDIAG) == reading.scheduler
    assert {} == reader.log.problems
    names = ("ping", "config", "scontrol", "sdiag", "squeue")
    assert dict.fromkeys([(name, "ok") for name in names], 1) == reader.log.results


async def test_the_configuration_is_read_hourly_and_after_slurmctld_was_away(commands):
    """So a reading takes four commands."""
    now = [0.0]
    reader = reader_of(commands, lambda: now[0])
    await reader.read()
    commands.calls()
    without = [call for call in READ if "config" not in call]

    for now_s, expected in ((3599.0, without), (3600.0, READ), (3601.0, without), (10.0, READ)):
        now[0] = now_s
        await reader.read()
        assert expected == commands.calls()

    commands.scontrol(ping="exit 1")
    await reader.read()
    commands.scontrol()
    commands.calls()
    await reader.read()
    assert READ == commands.calls()


async def test_an_error_may_come_from_another_configuration_which_is_read_then(commands):
    """Once for an error that stays: PrivateData may hide jobs since a minute ago."""
    reader = reader_of(commands)
    await reader.read()
    commands.prints("sdiag", "no statistics")
    await reader.read()
    commands.calls()
    has_config = []

    for _ in range(3):
        await reader.read()
        has_config.append("scontrol show config" in commands.calls())

    assert [True, False, False] == has_config


async def test_a_configuration_that_cannot_be_read_is_that_of_before(commands):
    """Or empty; the rest of the reading goes on."""
    now = [0.0]
    reader = reader_of(commands, lambda: now[0])
    commands.scontrol(config="")
    first = await reader.read()
    commands.scontrol()
    second = await reader.read()
    commands.scontrol(config="no = configuration")
    now[0] = 3600.0
    third = await reader.read()

    assert ["", "hpc", "hpc"] == [one.config.cluster for one in (first, second, third)]
    assert first.nodes == third.nodes
    assert ["config"] == list(reader.log.problems)
    assert 2 == reader.log.results["config", "invalid"]


async def test_without_slurmctld_nothing_else_is_asked(commands):
    """The commands would wait for ten seconds each."""
    commands.scontrol(ping=printing(RECORDED / "down-ping", code=1))
    reader = reader_of(commands)

    assert await reader.read() is None
    assert ["scontrol ping"] == commands.calls()
    text = "Slurmctld(primary) at head is DOWN RESTORE SLURMCTLD DAEMON TO SERVICE"
    assert {"ping": DOWN.format(text=text)} == reader.log.problems
    assert {("ping", "error"): 1} == reader.log.results


async def test_without_the_commands_the_message_names_the_folder(commands, tmp_path):
    """It is no failure of slurmctld."""
    (tmp_path / "scontrol").unlink()
    reader = reader_of(commands)

    assert await reader.read() is None
    assert {"ping": MISSING.format(command="scontrol", folder=tmp_path)} == reader.log.problems
    assert {("ping", "missing"): 1} == reader.log.results


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("sdiag", ["scheduler"]),
        ("squeue", ["jobs"]),
        ("scontrol", ["nodes", "partitions", "reservations", "licenses"]),
    ],
)
@pytest.mark.parametrize("text", ["", "echo warning", "exec sleep 1000", "exit 1", "cut"])
async def test_a_command_that_fails_costs_its_own_part(commands, name, parts, text):
    """Silent, slow, failing, another program, or with half of its output."""
    if text == "cut":
        text = f"{Commands.squeue_text(RECORDED / name)} | head -c 2000"
    if name == "scontrol":
        commands.scontrol(records=text)
    else:
        commands.runs(name, text)
    is_slow = "sleep" in text
    reader = reader_of(commands, deadline_s=0.5 if is_slow else 30)

    reading = await reader.read()

    every = ("jobs", "nodes", "partitions", "reservations", "licenses", "scheduler")
    if not is_slow or len(reader.log.problems) == 1:  # a short deadline may be too short for others
        assert parts == [part for part in every if getattr(reading, part) is None]
        assert [name] == list(reader.log.problems)
    if is_slow:
        assert TIMED_OUT.format(command=name, deadline_s=0.5) == reader.log.problems[name]
    if name == "scontrol" and text == "":
        assert {name: NO_NODES} == reader.log.problems


async def test_a_problem_that_is_over_is_forgotten_but_counted(commands):
    """As counters only grow."""
    reader = reader_of(commands)
    commands.prints("sdiag", "")
    await reader.read()
    commands.prints("sdiag", SDIAG)

    reading = await reader.read()

    assert ({}, True) == (reader.log.problems, reading.scheduler is not None)
    assert (1, 1) == (reader.log.results["sdiag", "invalid"], reader.log.results["sdiag", "ok"])


async def test_no_jobs_with_exit_code_0_are_believed_only_if_slurmctld_counts_none(commands):
    """Also without PrivateData."""
    reader = reader_of(commands)
    commands.runs("squeue", "exit 0")

    assert (await reader.read()).jobs is None
    message = TOO_FEW_JOBS.format(shown=0, known=PENDING + RUNNING)
    assert {"squeue": message} == reader.log.problems
    assert 1 == reader.log.results["squeue", "invalid"]

    commands.prints("sdiag", EMPTY_SDIAG)
    assert [] == (await reader.read()).jobs


async def test_a_queue_that_is_cut_between_two_jobs_is_not_believed(commands, tmp_path):
    """squeue prints no end: that more than half is missing shows by slurmctld's own count."""
    jobs = recorded("squeue").split(f"{MARK}\n")
    for number, is_believed in ((1, False), (len(jobs) - 2, True)):
        (tmp_path / "cut").write_text(f"{MARK}\n".join([*jobs[-1 - number :]]))
        commands.runs("squeue", Commands.squeue_text(tmp_path / "cut"))

        assert is_believed == ((await reader_of(commands).read()).jobs is not None)


def private(commands):
    """Let the commands print what another user sees under PrivateData."""
    records = printing(RECORDED / "private-scontrol", 1, RECORDED / "private-scontrol.err")
    commands.scontrol(config=PRIVATE, records=records)
    commands.runs("squeue", Commands.squeue_text(RECORDED / "private-squeue"))


async def test_what_private_data_hides_is_unknown_and_the_cure_is_named(commands):
    """squeue shows an empty queue, and scontrol no reservations, both without an error."""
    private(commands)
    reader = reader_of(commands)

    reading = await reader.read()

    assert (None, None, None) == (reading.jobs, reading.nodes, reading.reservations)
    assert (5, 2) == (len(reading.partitions), len(reading.licenses))
    user = _user_name()
    denied = "scontrol failed with exit code 1: slurm_load_node error: Access/permission denied"
    assert {
        "scontrol": DENIED.format(error=denied, user=user),
        "squeue": JOBS_HIDDEN.format(shown=0, known=PENDING + RUNNING, user=user),
    } == reader.log.problems
    assert (1, 1) == (
        reader.log.results["scontrol", "denied"],
        reader.log.results["squeue", "hidden"],
    )


async def test_hidden_jobs_are_found_also_without_sdiag(commands):
    """An empty queue may be hidden then."""
    private(commands)
    commands.runs("sdiag", "exit 1")
    reader = reader_of(commands)

    assert (await reader.read()).jobs is None
    assert 1 == reader.log.results["squeue", "hidden"]


async def test_an_empty_queue_is_not_believed_while_the_configuration_is_unknown(commands):
    """PrivateData may hide all jobs; sdiag, which would count them, fails too."""
    commands.scontrol(config="no configuration")
    commands.runs("squeue", "exit 0")
    commands.runs("sdiag", "exit 1")
    reader = reader_of(commands)

    assert (await reader.read()).jobs is None
    message = JOBS_UNSURE.format(shown=0, known="an unknown number")
    assert message == reader.log.problems["squeue"]

    commands.scontrol()
    assert [] == (await reader.read()).jobs


async def test_some_jobs_of_many_are_hidden_jobs_too(commands, tmp_path):
    """A user sees his own."""
    commands.scontrol(config=PRIVATE)
    jobs = recorded("squeue").split(f"{MARK}\n")
    (tmp_path / "own").write_text(f"{MARK}\n".join([*jobs[:3], ""]))
    commands.runs("squeue", Commands.squeue_text(tmp_path / "own"))

    assert (await reader_of(commands).read()).jobs is None


async def test_no_reservations_are_none_only_if_they_are_not_hidden(commands, tmp_path):
    """scontrol says that there are none in both cases."""
    output = re.sub("ReservationName=.*\n", "", recorded("scontrol"))
    (tmp_path / "records").write_text(output)
    records = printing(tmp_path / "records")
    found = []
    for config in (CONFIG, PRIVATE):
        commands.scontrol(config=config, records=records)
        found.append((await reader_of(commands).read()).reservations)

    assert [[], None] == found


async def test_all_is_shown_to_a_user_with_rights(commands):
    """PrivateData hides nothing from an operator."""
    commands.scontrol(config=PRIVATE)
    reader = reader_of(commands)

    reading = await reader.read()

    assert {} == reader.log.problems
    assert len(squeue.parse(recorded("squeue"), MARK)) == len(reading.jobs)


async def test_one_cluster_of_several_is_read_by_its_name(commands):
    """squeue and others begin with its name then."""
    commands.runs(
        "squeue", f"echo CLUSTER: hpc\nshift 2\n{Commands.squeue_text(RECORDED / 'squeue')}"
    )
    config = f"cat {commands.folder}/config.txt"
    commands.runs("scontrol", f'case "$*" in *config) {config} ;; *) {RECORDS} ;; esac')

    reader = reader_of(commands, cluster="hpc")
    reading = await reader.read()

    assert {} == reader.log.problems
    assert len(squeue.parse(recorded("squeue"), MARK)) == len(reading.jobs)
    names = [call.split()[:3] for call in commands.calls()]
    assert ["scontrol", "ping"] == names[0]
    assert [[name, "-M", "hpc"] for name in ("scontrol", "scontrol", "sdiag", "squeue")] == names[
        1:
    ]


GPU_JOBS = printing(RECORDED / "gpu-jobs")


class SharedGPUs(Commands):
    """Commands of a cluster whose jobs share the GPUs of nodes, with details of its jobs."""

    def __init__(self, folder, details=GPU_JOBS):
        super().__init__(folder)
        self.details = details
        self.set_jobs("7", "13", "2", "3", "12")

    def set_jobs(self, *ids):
        """Let squeue print these jobs, with a GPU on n1 each."""
        jobs = [record(one, tres_per_node="gres:gpu:1", nodes="n1") for one in ids]
        lines = ["\x1f".join(job[: -len(FREE)]) for job in jobs]
        text = "".join(
            f"{line}\x1f" + f"{MARK}\x1f".join(job[-len(FREE) :]) + f"{MARK}\n"
            for line, job in zip(lines, jobs, strict=True)
        )
        (self.folder / "jobs.txt").write_text(text)
        self.runs("squeue", self.squeue_text(self.folder / "jobs.txt"))
        records = printing(RECORDED / "gpu-nodes")
        self.scontrol(
            config=CONFIG, records=f'case "$4" in show) {self.details} ;; *) {records} ;; esac'
        )
        self.prints("sdiag", EMPTY_SDIAG)


FREE = squeue.FIELDS[squeue._FREE :]


async def test_while_jobs_share_gpus_their_details_are_read_once(tmp_path):
    """And again only when there is a new one."""
    commands = SharedGPUs(tmp_path)
    reader = reader_of(commands, lambda: T0 + 100.0)
    reader.reads_gpus = True

    reading = await reader.read()

    assert [{"n1": use(3)}, {"n1": use(0)}] == [reading.gpus[one] for one in ("3", "13")]
    assert "2" not in reading.gpus  # its name is forged
    assert "scontrol -a -d -o show" in commands.calls()
    assert reading.gpus == (await reader.read()).gpus
    assert "scontrol -a -d -o show" not in commands.calls()

    commands.set_jobs("3", "13", "99")
    await reader.read()

    assert "scontrol -a -d -o show" in commands.calls()


async def test_details_are_not_read_without_jobs(tmp_path):
    """Only an lmaster with [jobs] needs them."""
    commands = SharedGPUs(tmp_path)

    reading = await reader_of(commands, lambda: T0 + 100.0).read()

    assert None is reading.gpus
    assert "scontrol -a -d -o show" not in commands.calls()


async def test_details_that_cannot_be_read_are_a_problem_of_their_own(tmp_path):
    """All else is known, and which job has which GPU is not."""
    commands = SharedGPUs(tmp_path, details="exit 1")
    reader = reader_of(commands, lambda: T0 + 100.0)
    reader.reads_gpus = True

    reading = await reader.read()

    assert (5, {}) == (len(reading.jobs), reading.gpus)
    assert ["details"] == list(reader.log.problems)


async def test_slurmdbd_is_asked_for_what_ended(commands):
    """sacct gets the times, and a mark of this call."""
    mark = "for one; do case $one in --delimiter=*) mark=${one#*=};; esac; done"
    file = RECORDED / "sacct"
    commands.runs("sacct", f"{mark}\nLC_ALL=C sed \"s/{MARK}/$mark/g\" '{file}'")
    reader = reader_of(commands)

    found = await reader.read_ended(1000.0, 4600.0)

    assert sacct.parse(recorded("sacct"), MARK) == found
    assert ({}, 1) == (reader.log.problems, reader.log.results["sacct", "ok"])


async def test_a_slurmdbd_that_is_down_is_a_problem(commands):
    """And no jobs are not none."""
    commands.runs("sacct", "echo 'sacct: error: Connection refused' >&2\nexit 1")
    reader = reader_of(commands)

    assert await reader.read_ended(1000.0, 4600.0) is None
    assert "Connection refused" in reader.log.problems["sacct"]


async def test_sluids_are_asked_for_where_squeue_has_them(commands):
    """From Slurm 25.11 on; older ones refuse to print anything then."""
    has_sluid = f'case "$*" in *SLUID*) echo yes >>{commands.folder}/sluid;; esac\nexit 1'
    commands.runs("squeue", has_sluid)
    found = []
    for version in ("25.05.4", "25.11.0", "26.05.1"):
        commands.scontrol(config=CONFIG.replace("22.05.8", version))
        await reader_of(commands).read()
        found.append((commands.folder / "sluid").exists())

    assert [False, True, True] == found


async def test_sluids_are_by_job_id(commands, tmp_path):
    """They are not a part of the job's record."""
    job = "7\x1f" * 26 + "sEKNKTV3WPV500\x1f" + f"a{MARK}\x1f" * 5 + f"name{MARK}\n"
    (tmp_path / "with-sluids").write_text(job)
    config = CONFIG.replace("22.05.8", "25.11.2")
    commands.scontrol(config=config)
    commands.prints("sdiag", EMPTY_SDIAG)
    commands.runs("squeue", Commands.squeue_text(tmp_path / "with-sluids"))

    reading = await reader_of(commands).read()

    assert {"7": "sEKNKTV3WPV500"} == reading.sluids
    assert ["name"] == [one.name for one in reading.jobs]
