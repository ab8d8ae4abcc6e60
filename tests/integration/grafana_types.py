"""Dashboards against Grafana's types, of 7.5 and of now, by TypeScript's compiler.

tests/install-services.sh puts the compiler and Grafana's own types into .node-grafana;
grafana_types/current.ts draws on them, and grafana_types/old.ts says what 7.5 has.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

from .grafana_migrated import flat, migrated

NODE = Path(__file__).parents[2] / ".node-grafana"
TYPES = Path(__file__).parent / "grafana_types"
SCHEMA = NODE / "node_modules/@grafana/schema/dist/types"

COMPILER = {
    "strict": True,
    "noEmit": True,
    "skipLibCheck": True,
    "module": "esnext",
    "moduleResolution": "bundler",
    "target": "es2022",
    "lib": ["es2022"],
    "types": [],
    "paths": {
        "@grafana/schema": [str(SCHEMA / "index.d.ts")],
        "grafana/*": [str(SCHEMA / "raw/composable/*")],
        "types/*": [str(TYPES / "*")],
    },
}


def check(models):
    """Return what the types of both Grafanas have against dashboards, or nothing."""
    return "\n".join(filter(None, check_each(models)))


def check_each(models):
    """Return what there is against each of several dashboards; the compiler runs once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER}))
        sources = [as_typescript(model) for model in models]
        for number, source in enumerate(sources):
            (folder / f"{number}.ts").write_text(source)
        done = subprocess.run(
            ["node", NODE / "node_modules/typescript/bin/tsc", "-p", folder, "--pretty", "false"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    return told(sources, done.stdout + done.stderr)


def as_typescript(model):
    """Return a dashboard as constants that must have Grafana's types, each under a comment."""
    text = (
        'import type * as current from "types/current";\nimport type * as old from "types/old";\n'
    )
    for grafana, namespace, one in (
        ("Grafana 7.5", "old", model),
        ("a current Grafana", "current", migrated(model)),
    ):
        text += constant(f"{one.get('title')!r} in {grafana}", f"{namespace}.Dashboard", alone(one))
        for panel in flat(one["panels"]):
            where = f"{one.get('title')!r}, panel {panel.get('title')!r} in {grafana}"
            kind = f"{namespace}.Panel<{json.dumps(panel.get('type'))}>"
            text += constant(where, kind, alone(panel))
    return text


def constant(where, kind, value):
    """Return an exported constant, in a block of its own, since each is called the same."""
    text = json.dumps(value, indent=1, allow_nan=False)
    return f"//! {json.dumps(where)}\n{{ const it: {kind} = {text}; void it; }}\n"


def alone(model):
    """Return a model without the panels in it, which are checked by themselves."""
    return {key: [] if key == "panels" else value for key, value in model.items()}


def told(sources, output):
    """Return the compiler's complaints of each source, by dashboard and panel, not file and line.

    Raises: ValueError when the compiler has something else to say.
    """
    complaints = [[] for _ in sources]
    last = None
    for line in output.splitlines():
        if place := re.match(r"(\d+)\.ts\((\d+),\d+\): (error .*)", line):
            last = complaints[int(place[1])]
            before = sources[int(place[1])].splitlines()[: int(place[2])]
            where = next(json.loads(text[4:]) for text in reversed(before) if text[:3] == "//!")
            last += [f"{where}: {before[-1].strip()}", f"  {place[3]}"]
        elif last is not None and line.startswith(" "):
            last.append(f"  {line}")
        else:
            raise ValueError(f"the compiler of Grafana's types failed: {output}")
    return ["\n".join(lines) for lines in complaints]
