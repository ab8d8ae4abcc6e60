"""The completion of bash, zsh and fish, in these shells."""

import os
import time

import pytest

from tests.services import program

from .packaged import ROOT, run
from .processes import BIN, wait_until

SCRIPTS = ROOT / "completion"
# What bash does on TAB.
_BASH = """
source "$1"
COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2)) COMPREPLY=()
complete_with=$(complete -p "$2" | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
"$complete_with" "$2" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
echo "${COMPREPLY[@]}"
"""
# Type into a zsh in a terminal. The function lmaster prints the line that the TAB has completed.
_ZSH = """
zmodload zsh/zpty
zpty typed zsh -f -i
zpty -w typed "PS1= PROMPT_EOL_MARK= fpath=($1 \\$fpath); autoload -Uz compinit; compinit -D"
zpty -w typed "lmaster() { print -r -- '<'\\$*'>'; exit; }"
zpty -wn typed "${(j: :)@[2,-1]}"$'\\t\\n'
while zpty -r typed line; do print -r -- $line; done
"""


@pytest.fixture
def config(tmp_path):
    """A configuration with three nodes, of which one is unlike the others."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[nodes:a]\nhosts = node[1-2], login\n[nodes:b]\nhosts = node2\nprefix = b\n")
    return path


def shell(*words, folder=BIN):
    """Run a shell in which the programs of a *folder* are found first; return its output."""
    return run(*words, cwd="/", PATH=f"{folder}:{os.environ['PATH']}")


def in_bash(*line, folder=BIN):
    """Return the words to which bash completes the last word of a line."""
    script = SCRIPTS / "bash" / line[0]
    return shell("bash", "--norc", "-c", _BASH, "bash", script, *line, folder=folder).split()


def in_zsh(*line, folder=BIN):
    """Return the word to which zsh completes the last word of a line, if there is only one."""
    zsh = program("zsh", "zsh")
    output = shell(zsh, "-f", "-c", _ZSH, "zsh", SCRIPTS / "zsh", *line, folder=folder)
    word = output.rpartition("<")[2].partition(">")[0].split()[-1]
    return [word] if word != line[-1] else []


def in_fish(*line, folder=BIN):
    """Return the words to which fish completes the last word of a line."""
    fish, script = program("fish", "fish"), SCRIPTS / "fish" / f"{line[0]}.fish"
    code = f"source {script}; complete -C '{' '.join(map(str, line))}'"
    output = shell(fish, "-N", "-c", code, folder=folder)
    return [one.partition("\t")[0] for one in output.splitlines()]


def pressed(complete, *line):
    """Press TAB until there are words: a busy machine needs more than the time that they have."""
    return wait_until(lambda: complete(*line), lambda: f"completion of {line}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["lagent", "sensors", "Disk"], "DiskPartitions DiskUsage DiskIOCounters"),
        (["lagent", "read", "CPUStats", "NetIF"], "NetIFAddrs NetIFStats"),
        (["lagent", "ser"], "serve"),
        (["lmaster", "nodes", "--state", ""], "down waiting up"),
        (["lmaster", "check", "--ser"], "--series"),
        (["lmaster", "check", "-c", "/etc/passw"], "/etc/passwd"),
    ],
)
def test_bash_completes(line, expected):
    """It completes commands, options and their values, sensors, and files."""
    words = in_bash(*line)

    assert set(expected.split()) <= set(words)
    assert all(word.startswith(line[-1]) for word in words)


def test_fish_completes():
    """It completes names of sensors."""
    assert ["BootTime"] == in_fish("lagent", "sensors", "Boot")


def test_zsh_completes():
    """It completes commands."""
    assert ["dashboards"] == in_zsh("lmaster", "dash")


@pytest.mark.parametrize("command", ["ping", "nodes", "agents start", "agents status"])
def test_bash_completes_the_configured_nodes(command, config):
    """Those of the file on the line, each once; also the last one of several."""
    line = ["lmaster", *command.split(), "-c", config]

    assert ["login", "node1", "node2"] == sorted(pressed(in_bash, *line, ""))
    assert ["node1,login"] == pressed(in_bash, *line, "node1,l")


def test_zsh_completes_the_configured_nodes(config):
    """It is one word if only one node begins so."""
    line = ["lmaster", "ping", "-c", config]

    assert ["login"] == pressed(in_zsh, *line, "l")
    assert ["node1,login"] == pressed(in_zsh, *line, "node1,l")


def test_fish_completes_the_configured_nodes(config):
    """Also the last one of several."""
    line = ["lmaster", "agents", "stop", "-c", config]

    assert ["node1", "node2"] == pressed(in_fish, *line, "node")
    assert ["node1,login"] == pressed(in_fish, *line, "node1,l")


@pytest.mark.parametrize("complete", [in_bash, in_zsh, in_fish])
def test_no_nodes_are_completed_if_that_fails(complete):
    """The word stays as it is, and no message is printed into the line."""
    assert [] == complete("lmaster", "ping", "-c", "/no/file", "no")


def test_completing_nodes_does_not_wait_long(tmp_path):
    """Groups may come from a program that hangs."""
    hanging = tmp_path / "lmaster"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    began_s = time.monotonic()

    assert [] == in_bash("lmaster", "ping", "no", folder=tmp_path)
    assert time.monotonic() - began_s < 10
