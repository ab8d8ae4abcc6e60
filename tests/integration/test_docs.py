"""README.md and docs/: their commands are run, or at least parsed by the programs' own parsers.

`test-output/docs.md` lists the numbers, and why some commands are not run.
"""

import argparse
import importlib.util
import re
import shutil
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import bcrypt
import pytest
import requests
import yaml

from fructosa_bridge import cli as of_lmaster
from fructosa_bridge.config.settings import read_config as read_lmaster_conf
from fructosa_exporter import cli as of_lagent
from fructosa_exporter.collect.plugins import all_sensors
from fructosa_exporter.config import read_config as read_lagent_conf
from fructosa_service.errors import ConfigError
from tests.certificates import Authority
from tests.services import missing, program

from . import markdown
from .packaged import tracked
from .page_commands import (
    ELSEWHERE,
    INSTALLERS,
    ON_A_MACHINE,
    OWN,
    RUN_HERE,
    UNKNOWN,
    lines,
    why_not_run,
)
from .page_sandbox import Sandbox
from .page_terminal import TYPED
from .processes import Agent, listens

ROOT = Path(__file__).parents[2]
ALL = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks/README.md"])
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]

LANGUAGES = {"", "sh", "ini", "text", "conf", "yaml", "toml", "python", "promql"}
OF_LAGENT = re.compile(r"^\[(lagent|sensor:)", re.MULTILINE)
OF_LMASTER = re.compile(r"^\[(lmaster|nodes|Graphite|agents|slurm|jobs)\b", re.MULTILINE)


def named(path):
    """Return the name of a page for the id of a test."""
    return str(path.relative_to(ROOT))


def parsed(command):
    """Parse a command with the program's own parser; fail if it is rejected."""
    parser = of_lagent._parser() if command.program == "lagent" else of_lmaster_parser()
    try:
        return parser.parse_args(command.words[1:])
    except SystemExit as ended:
        if ended.code:  # otherwise it is --help or --version
            pytest.fail(f"{command.line}: the parser refuses it (exit code {ended.code})")
        return argparse.Namespace()


def of_lmaster_parser():
    """Return lmaster's parser."""
    return of_lmaster.build_parser()


def check_exists(command):
    """Fail if the target or module of a command that is not run does not exist."""
    if command.program == "make":
        rules = (ROOT / "Makefile").read_text()
        for target in (word for word in command.words[1:] if "=" not in word):
            assert re.search(rf"^{target}:", rules, re.MULTILINE), command.line
    if command.program == "python" and "-m" in command.words:
        module = command.words[command.words.index("-m") + 1]
        assert importlib.util.find_spec(module), command.line


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """A running agent and master, and their configurations."""
    with ExitStack() as running:
        made = Sandbox(tmp_path_factory.mktemp("docs"), running)
        made.begin()
        yield made


def runnable(page):
    """Return the lines of a page whose commands are all run here."""
    return [
        line
        for line in lines(page)
        if not any(why_not_run(page, command) for command in markdown.commands(line))
    ]


# Pages whose commands must run in order, because they start and stop daemons. test_page_machines.py
# runs some of them.
QUICK_START = ROOT / "docs/quick-start.md"
IN_ORDER = {QUICK_START.name, *ON_A_MACHINE}
INDEPENDENT = sorted(
    {line for page in PAGES if page.name not in IN_ORDER for line in runnable(page)}
)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_of_a_page_exists(page):
    """Our commands are parsed; for others there is a reason if they are not run."""
    for line in lines(page):
        for command in markdown.commands(line):
            if command.program in OWN:
                assert isinstance(parsed(command), argparse.Namespace)
            else:
                check_exists(command)
                assert UNKNOWN != why_not_run(page, command), line


@pytest.mark.parametrize("line", INDEPENDENT)
def test_a_command_of_the_pages_succeeds(sandbox, line):
    """A node is up, and the configuration is valid."""
    if not all(
        shutil.which(one.program) for one in markdown.commands(line) if one.program in RUN_HERE
    ):
        pytest.skip("curl or htpasswd (Debian's apache2-utils) is not installed")

    done = sandbox.run(line)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_users_file_of_the_page_about_security_works(sandbox, tmp_path):
    """htpasswd prompts for the password twice; lagent then accepts only this password."""
    shutil.which("htpasswd") or missing("htpasswd", "Debian's apache2-utils")
    (line,) = [one for one in lines(ROOT / "docs/security.md") if one.startswith("htpasswd")]
    conf = tmp_path / "lagent.conf"
    conf.write_text(f"[web]\nusers file = {sandbox.folder}/etc/fructosa/users\n")

    sandbox.run(line)
    with Agent(tmp_path, "-c", conf) as agent:
        known = requests.get(agent.url, auth=("lmaster", TYPED), timeout=10)
        wrong = requests.get(agent.url, auth=("lmaster", "another"), timeout=10)

    assert (200, 401) == (known.status_code, wrong.status_code)


def test_the_quick_start_works_from_top_to_bottom(tmp_path):
    """It also stops everything that it starts."""
    program("curl", "curl")
    with ExitStack() as running:
        sandbox = Sandbox(tmp_path, running)
        running.callback(sandbox.run, "lagent stop")
        running.callback(sandbox.run, "lmaster stop")
        (tmp_path / "lmaster.conf").write_text(sandbox.conf.read_text())
        for line in runnable(QUICK_START):
            if line.startswith("lmaster nodes"):
                sandbox.wait()
            done = sandbox.run(line)
            assert 0 == done.returncode, f"{line}: {done.stdout}{done.stderr}"

        assert not listens(sandbox.agent_port)
        assert not listens(sandbox.master_port)


@pytest.fixture(scope="module")
def etc(tmp_path_factory):
    """A folder with the files that configurations name, instead of /etc/fructosa."""
    folder = tmp_path_factory.mktemp("etc")
    ca = Authority(folder, "clients")
    for name in ("nodes-ca", "fructosa-ca"):
        shutil.copy(ca.certificate, folder / f"{name}.pem")
    for name in ("node", "lmaster"):
        pair = ca.server(name)
        for path, ending in ((pair.certificate, "pem"), (pair.key, "key")):
            if path != folder / f"{name}.{ending}":
                shutil.copy(path, folder / f"{name}.{ending}")
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (folder / "users").write_text(f"lmaster:{hashed}\n")
    (folder / "lmaster.password").write_text("secret\n")
    (folder / "names").write_text("node001 n1\n")
    return folder


def configurations():
    """Yield the blocks with configurations of all pages."""
    for page in PAGES:
        for block in markdown.blocks(page.read_text()):
            if block.language == "ini":
                yield pytest.param(block.text, id=f"{named(page)}:{block.line}")


@pytest.mark.parametrize("text", [*configurations()])
def test_a_configuration_of_the_pages_is_valid(etc, tmp_path, text):
    """The program that it is for accepts it; both, if it is for both."""
    file = tmp_path / "a.conf"
    file.write_text(text.replace("/etc/fructosa/", f"{etc}/"))

    try:
        if not OF_LMASTER.search(text):
            config = read_lagent_conf(file, all_sensors())
            of_lagent.tls_and_users(config.web)
        if not OF_LAGENT.search(text):
            read_lmaster_conf(file)
    except ConfigError as error:
        pytest.fail(f"{error}\n{text}")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_of_the_package_that_a_page_names_exist(page):
    """The package installs them below share/ from folders of the repository."""
    text = page.read_text()
    here = [ROOT / path for path in re.findall(r"/opt/fructosa/share/fructosa/([\w./-]+\w)", text)]
    here += [ROOT / "docs/man" / path for path in re.findall(r"/opt/\S+/man\d/([\w.]+)", text)]

    assert [] == [str(path) for path in here if not path.is_file()]


def test_every_block_of_yaml_is_valid():
    """Some are for Ansible, others for Prometheus, which test_prometheus_examples.py checks."""
    texts = [
        block.text
        for page in PAGES
        for block in markdown.blocks(page.read_text())
        if block.language == "yaml"
    ]

    assert all(yaml.safe_load(text) for text in texts)


# A requirement of pip, or of Ansible's module for it, without the least version. pip takes names in
# any case.
UNBOUND = re.compile(
    r"(?:\bpip[\dx.]* (?:-\S+ )*(?:install|wheel|download|inject)\s[^\n`]*(?<![\w./-])(?i:fructosa)"
    r"|\bpip:\s*\{?\s*name: *[\['\" ]*(?i:fructosa))"
    r"(?:\[[\w,]+\])?(?![\w\[/-]|>=1\.0)"
)


def unbound(text):
    """Return what in a text installs FrUCToSA of any age; commands may go on in the next line."""
    return [one.group() for one in UNBOUND.finditer(text.replace("\\\n", " "))]


@pytest.mark.parametrize(
    "command",
    [
        "pip install FrUCToSA",
        "pip install fructosa",
        "pip3 -q install 'FrUCToSA[master]'",
        "pipx install FrUCToSA",
        "uv pip install fructosa",
        "python -m pip download --no-deps FrUCToSA==0.3.2",
        "pip install \\\n    --no-index FrUCToSA",
        "pip install 'FrUCToSA>=1.0' fructosa",
        'ansible.builtin.pip: {name: "FrUCToSA"}',
        "pip:\n  name: [fructosa, psutil]",
        "pip:\n  name: FrUCToSA[master]",
    ],
)
def test_a_requirement_without_a_version_is_found(command):
    """However it is written."""
    assert unbound(command)
    assert not unbound(re.sub(r"(?i)(fructosa(\[\w+\])?)(==[\d.]+|>=1.0)?", r"\1>=1.0", command))


@pytest.mark.parametrize(
    "text",
    [
        "pip wheel --wheel-dir /srv/fructosa '.[master]'",
        "/opt/fructosa/bin/pip install ./fructosa-0.9.0.tar.gz",
        "pip uninstall FrUCToSA",
        "user: {name: fructosa, system: true}",
    ],
)
def test_paths_and_users_are_no_requirements(text):
    """They fetch nothing from an index."""
    assert [] == unbound(text)


def test_nothing_says_to_install_fructosa_of_any_age():
    """Package indexes have FrUCToSA 0.3.2, which pip takes for the name alone."""
    names = [name for name in tracked() if not name.startswith("tests/")]
    found = {name: unbound((ROOT / name).read_text("utf-8", "replace")) for name in names}

    assert {} == {name: lines for name, lines in found.items() if lines}


def test_one_line_says_where_to_clone_from():
    """A fork changes the address in README.md, and nowhere else."""
    found = [page for page in ALL for _ in range(page.read_text().count("git clone "))]

    assert [ROOT / "README.md"] == found


def test_the_pages_use_only_known_languages():
    """Blocks in other languages would not be checked."""
    found = {block.language for page in PAGES for block in markdown.blocks(page.read_text())}

    assert set() == found - LANGUAGES


@pytest.mark.parametrize("page", ALL, ids=named)
def test_every_link_has_a_target(page):
    """The file or folder exists, and so does the heading."""
    for link in markdown.links(page.read_text()):
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{link}: no such file"
        if anchor:
            assert anchor in markdown.anchors(target.read_text()), f"{link}: no such heading"


def test_the_index_links_to_every_page():
    """The index is docs/README.md."""
    index = {
        link.partition("#")[0] for link in markdown.links((ROOT / "docs/README.md").read_text())
    }

    assert {page.name for page in ROOT.glob("docs/*.md")} - {"README.md"} <= index


def test_the_report_counts_the_commands_of_all_pages():
    """It is written to test-output/docs.md; each of our commands is at least parsed."""
    counted = {page: Counter(kinds(page)) for page in PAGES}

    columns = ("run", "parsed", "run by another test", "listed")
    rows = [
        f"| {named(page)} | {' | '.join(str(found[kind]) for kind in columns)} |"
        for page, found in counted.items()
        if found
    ]
    total = sum(counted.values(), Counter())
    rows.append(f"| all | {' | '.join(str(total[kind]) for kind in columns)} |")
    rows.append("")
    head = [f"| page | {' | '.join(columns)} |", f"| --- {'| --- ' * len(columns)}|"]
    folder = ROOT / "test-output"
    folder.mkdir(exist_ok=True)
    (folder / "docs.md").write_text("\n".join([*head, *rows, *reasons()]) + "\n")

    assert total["run"] > 30
    assert set(columns) >= total.keys()


def kinds(page):
    """Yield for each command of a page how it is tested."""
    for line in lines(page):
        for command in markdown.commands(line):
            if why_not_run(page, command) is None:
                yield "run"
            elif page.name in ELSEWHERE or command.program in INSTALLERS:
                yield "run by another test"
            else:
                yield "parsed" if command.program in OWN else "listed"


def reasons():
    """Return the reasons why commands are not run."""
    found = {
        f"* `{' '.join(command.words[:2])}`: {reason}"
        for page in PAGES
        for line in lines(page)
        for command in markdown.commands(line)
        if (reason := why_not_run(page, command))
    }
    return sorted(found)
