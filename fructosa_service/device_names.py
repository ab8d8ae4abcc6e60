"""Names of Linux devices as patterns, for code that must count the same devices."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NamePattern:
    """Some names: a glob for Graphite, and a regular expression that matches the same names."""

    glob: str
    regex: str


# Interfaces that carry traffic off the node: eth0, eno1, enp3s0, ib0, hsn0. Not lo, nor bridges
# and bonds, which would count the same bytes again.
NETWORK_INTERFACES = NamePattern("{e,h,ib}*", "(e|h|ib).*")
# Whole disks only: bytes read from a partition are read from its disk too.
DISKS = NamePattern(
    "{sd[a-z],sd[a-z][a-z],vd[a-z],xvd[a-z],nvme[0-9]n[0-9],nvme[0-9][0-9]n[0-9]}",
    "(sd|vd|xvd)[a-z]+|nvme[0-9]+n[0-9]+",
)
# Packages include cores and uncore; memory is measured beside them. Together they are the whole.
RAPL_ZONES = NamePattern("{package-*,dram}", "package-.*|dram")
