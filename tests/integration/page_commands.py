"""The commands of a page: which of them the tests can run, and why they cannot run the others."""

import re

from . import markdown

OWN = {"lagent", "lmaster"}
UNKNOWN = "unknown program"
# Pages with a test of their own, which runs their commands.
ELSEWHERE = {
    "prometheus.md": "test_prometheus_examples.py",
    "scale-out.md": "test_scale_out.py",
    "own-sensors.md": "test_own_sensors.py",
}
# Pages whose commands are run as root from top to bottom in a container; the programs that are run.
ON_A_MACHINE = {"install.md", "upgrading.md"}
OF_A_MACHINE = {"chown", "cp", "install", "ln", "mv", "nft", "rc-service", "rc-update", "useradd"}
OF_A_MACHINE |= {"cd", "clush", "ls", "pip", "python3", "ss", "systemctl", "whisper-resize.py"}
# Other tests run these, with other words.
INSTALLERS = {"pip", "python3"}
NOT_HERE = dict.fromkeys(OF_A_MACHINE, "changes this machine") | {
    "amtool": "test_prometheus_examples.py runs it",
    "ansible-playbook": "needs Ansible, and nodes",
    "apt-get": "downloads packages from a mirror",
    "carbon-c-relay": "test_scale_out.py runs it",
    "clush": "needs ssh to the nodes",
    "dnf": "downloads packages from a mirror",
    "firewall-cmd": "needs firewalld",
    "git": "the address is a placeholder",
    "make": "other tests run the same; here only its targets are checked",
    "pip": "test_install.py installs the wheel of this tree",
    "sed": "edits what a command prints that is not run",
    "promtool": "test_prometheus_examples.py runs it",
    "python": "the benchmark takes minutes; here only its module is checked",
    "python3": "test_install.py creates virtual environments",
    "python3.11": "it is python3 of Debian",
    "restorecon": "needs SELinux",
    "semanage": "needs SELinux",
    ".": "it is for an interactive shell",
    "systemctl": "needs a running systemd",
    "victoria-metrics": "test_scale_out.py runs it",
    "wwctl": "needs Warewulf",
}
RUN_HERE = {"curl", "grep", "htpasswd"}
FOREGROUND = {("lagent", "serve"), ("lmaster", "scrape")}


def lines(page):
    """Return the lines of a page with commands.

    In blocks without a language, these are the lines that begin with a known command.
    """
    known = OWN | NOT_HERE.keys() | RUN_HERE
    found = []
    for block in markdown.blocks(page.read_text()):
        for line in markdown.lines(block.text) if block.language in ("", "sh") else ():
            is_command = line.split()[0].rpartition("/")[2] in known
            if is_command or block.language == "sh":
                found.append(line)
    return found


def why_not_run(page, command):
    """Return why a command is not run here; None if it is run."""
    if page.name in ON_A_MACHINE and is_of_a_machine(command):
        return None
    if command.program in NOT_HERE:
        return NOT_HERE[command.program]
    if page.name in ELSEWHERE:
        return f"{ELSEWHERE[page.name]} runs it"
    if command.program in OWN:
        return why_only_parsed(command)
    return None if command.program in RUN_HERE else UNKNOWN


def is_of_a_machine(command):
    """Return whether a command of a page is run in its container."""
    if command.program == "systemctl":
        return command.words[1] == "enable"  # all else needs a running systemd
    if command.program == "clush":
        return "sh" in command.words  # without ssh: all nodes are the same machine
    if "wheel" in command.words:
        return False  # needs a package index: the test does that before
    return command.program in OWN | OF_A_MACHINE | RUN_HERE


def why_only_parsed(command):
    """Return why a command of ours is only parsed; None if it can be run."""
    words = command.words[1:]
    if (command.program, words[0]) in FOREGROUND and "--once" not in words:
        return "it stays in the foreground; other tests run it"
    if "--push" in words:
        return "test_dashboards.py pushes"
    if words[0] == "agents" and "--dry-run" not in words:
        return "test_agents*.py have nodes with sshd"
    if words[0] == "slurm":
        return "test_slurm.py has a real Slurm"
    if words[0] in ("job", "jobs"):
        return "test_jobs.py has a real Slurm"
    if (command.program, words[0]) == ("lagent", "read") and words[1:2] == ("GPUInfo",):
        return "it fails on a machine without a GPU"
    if any(re.fullmatch("[A-Z]+", word) for word in words):
        return "contains a placeholder"
    return None
