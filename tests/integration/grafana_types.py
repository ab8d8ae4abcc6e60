"""Checks dashboards against the types of Grafana 7.5 and of a current one, with TypeScript.

tests/install-services.sh puts the compiler and Grafana's own types into .node-grafana, which
grafana_types/current.ts uses. grafana_types/old.ts has the types of 7.5.
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
    """Return the type errors of dashboards in both versions of Grafana; empty if there are none."""
    return "\n".join(filter(None, check_each(models)))


def check_each(models):
    """Return the type errors of each dashboard; the compiler runs only once."""
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
    return errors_by_source(sources, done.stdout + done.stderr)


def as_typescript(model):
    """Return a dashboard as TypeScript constants with Grafana's types, each below a comment."""
    text = (
        'import type * as current from "types/current";\nimport type * as old from "types/old";\n'
    )
    for grafana, namespace, one in (
        ("Grafana 7.5", "old", model),
        ("a current Grafana", "current", migrated(model)),
    ):
        where = f"{one.get('title')!r} in {grafana}"
        text += constant(where, f"{namespace}.Dashboard", without_panels(one))
        for panel in flat(one["panels"]):
            where = f"{one.get('title')!r}, panel {panel.get('title')!r} in {grafana}"
            kind = f"{namespace}.Panel<{json.dumps(panel.get('type'))}>"
            text += constant(where, kind, without_panels(panel))
    return text


def constant(where, kind, value):
    """Return a constant in its own block, because all constants have the same name."""
    text = json.dumps(value, indent=1, allow_nan=False)
    return f"//! {json.dumps(where)}\n{{ const it: {kind} = {text}; void it; }}\n"


def without_panels(model):
    """Return a model without its panels, which are checked separately."""
    return {key: [] if key == "panels" else value for key, value in model.items()}


def errors_by_source(sources, output):
    """Return the errors of each source, with dashboard and panel instead of file and line.

    Raises: ValueError if the compiler prints anything else.
    """
    errors = [[] for _ in sources]
    last = None
    for line in output.splitlines():
        if place := re.match(r"(\d+)\.ts\((\d+),\d+\): (error .*)", line):
            last = errors[int(place[1])]
            before = sources[int(place[1])].splitlines()[: int(place[2])]
            where = next(json.loads(text[4:]) for text in reversed(before) if text[:3] == "//!")
            last += [f"{where}: {before[-1].strip()}", f"  {place[3]}"]
        elif last is not None and line.startswith(" "):
            last.append(f"  {line}")
        else:
            raise ValueError(f"the compiler of Grafana's types failed: {output}")
    return ["\n".join(lines) for lines in errors]
