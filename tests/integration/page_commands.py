"""The commands of a page: which of them can be run here, and why the others can't."""

import re

from . import markdown

OWN = {"lagent", "lmaster"}
# Pages that a test of their own carries out, with all that they need.
ELSEWHERE = {
    "prometheus.md": "test_prometheus_examples.py",
    "scale-out.md": "test_scale_out.py",
    "own-sensors.md": "test_own_sensors.py",
}
# Pages that are carried out from top to end as root, on a machine of their own; what takes part.
ON_A_MACHINE = {"install.md", "upgrading.md"}
OF_A_MACHINE = {"chown", "cp", "install", "ln", "mv", "nft", "rc-service", "rc-update", "useradd"}
OF_A_MACHINE |= {"cd", "systemctl", "whisper-resize.py"}
# What is run with the wheel of this tree: an index may not have it yet.
FROM_THE_WHEEL = {"pip", "python3"}
NOT_HERE = dict.fromkeys(OF_A_MACHINE, "changes this machine") | {
    "amtool": "test_prometheus_examples.py runs it",
    "ansible-playbook": "needs Ansible, and nodes",
    "apt-get": "takes packages from a mirror",
    "carbon-c-relay": "test_scale_out.py runs it",
    "make": "other tests run what it runs; here its targets are looked up",
    "pip": "test_install.py installs the wheel of this tree",
    "promtool": "test_prometheus_examples.py runs it",
    "python": "the benchmark takes minutes; here it is looked up",
    "python3": "test_install.py makes virtual environments",
    ".": "it is for the shell of who types",
    "systemctl": "needs a systemd that runs",
    "victoria-metrics": "test_scale_out.py runs it",
    "wwctl": "needs Warewulf",
}
RUN_HERE = {"curl", "grep", "htpasswd"}
FOREGROUND = {("lagent", "serve"), ("lmaster", "scrape")}


def lines(page):
    """Return the lines with commands in a page; without a language, those that begin with one."""
    known = OWN | NOT_HERE.keys() | RUN_HERE
    found = []
    for block in markdown.blocks(page.read_text()):
        for line in markdown.lines(block.text) if block.language in ("", "sh") else ():
            is_command = line.split()[0].rpartition("/")[2] in known
            if is_command or block.language == "sh":
                found.append(line)
    return found


def why_not_run(page, command):
    """Return why a command is not run here; None where it is."""
    if page.name in ON_A_MACHINE and is_of_a_machine(command):
        return None
    if command.program in NOT_HERE:
        return NOT_HERE[command.program]
    if page.name in ELSEWHERE:
        return f"{ELSEWHERE[page.name]} runs it"
    if command.program in OWN:
        return why_only_parsed(command)
    return None if command.program in RUN_HERE else "nobody knows this program"


def is_of_a_machine(command):
    """Tell whether a command is run where a page has a machine of its own."""
    if command.words[:2] == ("systemctl", "daemon-reload"):
        return False  # it is asked of a systemd that runs
    return command.program in OWN | OF_A_MACHINE | RUN_HERE


def why_only_parsed(command):
    """Return why a command of ours is read by its parser alone."""
    told = command.words[1:]
    if (command.program, told[0]) in FOREGROUND and "--once" not in told:
        return "it stays in the foreground; other tests run it"
    if "--push" in told:
        return "test_dashboards.py pushes"
    if told[0] == "agents" and "--dry-run" not in told:
        return "test_agents*.py have nodes with sshd"
    if (command.program, told[0]) == ("lagent", "read") and told[1:2] == ("GPUInfo",):
        return "it fails where there is no GPU"
    if any(re.fullmatch("[A-Z]+", word) for word in told):
        return "a word stands for another"
    return None
