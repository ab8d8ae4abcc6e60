"""What Slurm's commands print: recorded from a real one, or written by us for other versions."""

from pathlib import Path

from .record import MARK

HERE = Path(__file__).parent
RECORDED = HERE / "recorded" / "22.05.8"
WRITTEN = sorted((HERE / "written").glob("*.*/"))

__all__ = ["MARK", "RECORDED", "WRITTEN", "recorded"]


def recorded(name: str) -> str:
    """Return what a command printed, as lmaster decodes it."""
    return (RECORDED / name).read_bytes().decode(errors="replace")
