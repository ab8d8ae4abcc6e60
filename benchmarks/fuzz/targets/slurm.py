"""What Slurm's commands print; users write a part of it, as the names of their jobs."""

from collections.abc import Callable, Iterable

from fructosa_bridge.model.errors import SlurmError
from fructosa_bridge.slurm_output import (
    gpu_indexes,
    job_details,
    sacct,
    scontrol,
    sdiag,
    squeue,
    tres,
    vocabulary,
)
from fructosa_bridge.slurm_output.records import JobRecord

from ..target import ROOT, FuzzTarget, beginning, expect, repeated

_RECORDED = ROOT / "tests/bridge/slurm_output/recorded/22.05.8"
_MARK = "\x1e0123456789abcdef"
_WORDS = (
    *(b"\x1f", _MARK.encode(), b"\n", b" State=IDLE", b"NodeName=", b" Reason=", b"JobId=1 "),
    *(b" GRES=gpu:2(IDX:0-1)", b"gres/gpu:a100=2", b"[1-9]", b"(null)", b"N/A", b" = ", b"Unknown"),
    *(b"99999999999999999999", b"Nodes=n[1-2] CPU_IDs=0 Mem=1 GRES=", b"\xff", b"1-5:2%4"),
)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _jobs(data: bytes) -> object:
    jobs = squeue.parse(_text(data), _MARK)
    return [_used(job) for job in jobs]


def _used(job: JobRecord) -> object:
    """Return what a cluster's series need of a job."""
    states = vocabulary.job_state(job.state), vocabulary.reason(job.reason)
    return job.partitions, job.eligible_s, job.gpus, states, tres.array_tasks(job.array_task_id)


def _ended(data: bytes) -> object:
    return [_used(job.record) for job in sacct.parse(_text(data), _MARK)]


def _gpus(data: bytes) -> object:
    text = _text(data)
    use = gpu_indexes.gpu_use.__wrapped__(text)
    expect(use.indexes is None or len(use.indexes) == use.total, "each GPU in use has an index")
    return gpu_indexes.whole_node(8, use), tres.gpus_by_type(text), tres.gpu_count(text)


def _seeds(name: str) -> Callable[[], Iterable[bytes]]:
    path = _RECORDED / name
    return lambda: (path.read_bytes(), beginning(path, 3))


_job = repeated(lambda n: f"{n}\x1f" * 26 + f"a{_MARK}\x1f" * 5 + f"job{_MARK}\n")
_run = repeated(lambda n: f"{n}{_MARK}" * 22 + "\n")


_node = repeated(
    lambda n: (
        f"NodeName=n{n} Arch=x86_64 CPUAlloc=0 CPUTot=4 Gres=(null) NodeAddr=n{n} "
        f"NodeHostName=n{n} RealMemory=1 AllocMem=0 State=IDLE Partitions=debug \n"
    )
)


def _target(name: str, read: Callable[[bytes], object], seeds: str, **more: object) -> FuzzTarget:
    return FuzzTarget(
        name=name,
        read=read,
        errors=(SlurmError,),
        seeds=_seeds(seeds),
        words=_WORDS,
        most_bytes=16_000,
        **more,  # type: ignore[arg-type]
    )


TARGETS = (
    _target("squeue", _jobs, "squeue", honest=_job),
    _target("sacct", _ended, "sacct", honest=_run),
    _target("scontrol", lambda data: scontrol.parse(_text(data)), "scontrol", honest=_node),
    _target("slurm-config", lambda data: scontrol.parse_config(_text(data)), "config"),
    _target("sdiag", lambda data: sdiag.parse(_text(data)), "sdiag"),
    _target("job-details", lambda data: job_details.parse(_text(data)), "gpu-jobs", honest=_node),
    FuzzTarget(
        name="gres",
        read=_gpus,
        seeds=lambda: (
            b"gpu:a100:2(IDX:0-1),shard:4(1/2,3/4)",
            b"gres/gpu=2,gres/gpu:a100=2,cpu=4",
        ),
        words=_WORDS,
        honest=repeated(lambda n: f"gres/gpu:a{n}=2,"),
        most_bytes=300,
    ),
)
