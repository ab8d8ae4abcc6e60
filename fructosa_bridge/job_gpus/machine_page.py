"""What the page ``/jobs`` of an agent tells of the node itself: totals of its GPUs, its energy.

Lines that are not valid are left out: they hide no job.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..jobs.page import pieces
from ..slurm_output.gpu_indexes import MOST_GPUS

_GPU_MARK, _ENERGY_MARK = "\nfructosa_slurm_gpu_", "\nfructosa_slurm_node_energy_"
_GPU = re.compile(
    r"\nfructosa_slurm_gpu_(info|busy_seconds_total|energy_joules_total)"
    r"\{([^}\n]{1,1000})\} ([0-9][0-9.eE+-]{0,30})(?=\n|$)"
)
_NODE = re.compile(r"\nfructosa_slurm_node_energy_joules_total ([0-9][0-9.eE+-]{0,30})(?=\n|$)")
_PAIR = re.compile(r'(?<![a-z_])([a-z_]{1,32}+)="([^"\\\n]{0,128})"')
_UUID = re.compile(r"[A-Za-z0-9_.:/+-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,6}")
# A total that is larger is nonsense: 1,000 years, or a megawatt for as long.
_LARGEST = {"busy_seconds_total": 3.2e10, "energy_joules_total": 3.2e16}


class GPUFigures(NamedTuple):
    """A GPU: its index and the number of its device file, None if unknown; and its totals."""

    uuid: str
    number: int | None = None
    minor: int | None = None
    is_divided: bool = False
    busy_s: float | None = None
    energy_joules: float | None = None


class MachineFigures(NamedTuple):
    """The totals of a node; None is unknown."""

    gpus: Sequence[GPUFigures] = ()
    energy_joules: float | None = None


def machine_figures(text: str) -> MachineFigures | None:
    """Return the totals on a page, None if it has none. A GPU without its info is left out."""
    has_gpus, has_energy = _GPU_MARK in text, _ENERGY_MARK in text
    if not has_gpus and not has_energy:
        return None
    infos: dict[str, dict[str, str]] = {}
    totals: dict[tuple[str, str], float] = {}
    found_gpus = (one for piece in pieces(text) for one in _GPU.findall(piece))
    for name, labels, number in found_gpus if has_gpus else ():
        found = dict(_PAIR.findall(labels))
        uuid = found.get("uuid", "")
        if not _UUID.fullmatch(uuid):
            continue
        if name == "info":
            if len(infos) < MOST_GPUS:
                infos[uuid] = found
        elif (value := _total(number, _LARGEST[name])) is not None and uuid in infos:
            totals[name, uuid] = value
    energies = (one for piece in pieces(text) for one in _NODE.findall(piece))
    energy = [
        _total(number, _LARGEST["energy_joules_total"])
        for number in (energies if has_energy else ())
    ]
    gpus = [
        GPUFigures(
            uuid,
            _whole(labels.get("index")),
            _whole(labels.get("minor")),
            labels.get("mig") == "1",
            totals.get(("busy_seconds_total", uuid)),
            totals.get(("energy_joules_total", uuid)),
        )
        for uuid, labels in infos.items()
    ]
    return MachineFigures(gpus, energy[0] if len(energy) == 1 else None)


def _total(number: str, largest: float) -> float | None:
    try:
        value = float(number)
    except ValueError:
        return None
    return value if 0 <= value <= largest else None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None
