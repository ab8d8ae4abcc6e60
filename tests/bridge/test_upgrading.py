"""docs/upgrading.md has a program that renames Whisper files."""

import re
import subprocess
import sys
from pathlib import Path

from fructosa_bridge.naming.graphite_paths import part
from fructosa_bridge.naming.schemes import SCHEMES

PAGE = Path(__file__).parents[2] / "docs/upgrading.md"
SERIES = (
    ("node_cpu_seconds_total", (("cpu", "0"), ("mode", "idle"))),
    ("node_scheduler_total", (("worker", "a b"), ("Kind", "x"), ("cpu", "1"))),
    ("node_disk_reads_completed_total", (("device", "dm-0"),)),
    ("node_disk_reads_completed_total", (("device", "x" * 300),)),
)


def test_the_program_renames_a_file_to_the_path_that_its_series_has_now(tmp_path):
    """In 0.9 it had the values alone, in the order of the page. Other files stay."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    old = ["/".join([metric, *(part(value) for _, value in labels)]) for metric, labels in SERIES]
    new = [SCHEMES["plain"].path(*one).path.replace(".", "/") for one in SERIES]
    others = ["node_load1", "node_cpu_seconds_total/other"]
    for path in (*old, *others):
        file = tmp_path / f"n1/{path}.wsp"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    for metric, labels in SERIES:
        command = [sys.executable, "-c", code, metric, *dict(labels)]
        subprocess.run(command, cwd=tmp_path, check=True)

    files = (file for file in tmp_path.rglob("*") if file.is_file())
    expected = {f"n1/{path}.wsp" for path in (*new, *others)}
    assert expected == {str(file.relative_to(tmp_path)) for file in files}
