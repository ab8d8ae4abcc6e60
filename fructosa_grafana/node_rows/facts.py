"""Facts that are text."""

from ..panels.dashboard import FOLDED, Row
from ..panels.shorthand import facts

FACTS = Row(
    "Facts",
    (
        facts(
            "Kernel",
            "The kernel, and the name that the node has for itself.",
            "fructosa_os_info",
            *("system", "release", "version", "machine", "node_name"),
        ),
        facts(
            "Distribution",
            "The distribution that the node runs.",
            "fructosa_os_release_info",
            *("id", "version_id", "name", "pretty_name"),
        ),
        facts(
            "Interfaces",
            "Duplex mode and flags of interfaces.",
            "fructosa_network_interface_info",
            *("interface", "duplex", "flags"),
            only="prometheus",
        ),
        facts(
            "Addresses",
            "Addresses of interfaces.",
            "fructosa_network_address_info",
            *("interface", "family", "address", "netmask", "broadcast", "peer"),
            only="prometheus",
        ),
        facts(
            "Partitions",
            "Mounted partitions.",
            "fructosa_disk_partition_info",
            *("device", "mountpoint", "fstype", "options"),
        ),
        facts(
            "Ports",
            "Ports of InfiniBand, Omni-Path and RoCE adapters.",
            "fructosa_infiniband_port_info",
            *("device", "port", "state", "physical_state", "link_layer"),
        ),
        facts(
            "DIMMs",
            "Labels and places of DIMMs that are watched for errors.",
            "fructosa_edac_dimm_info",
            *("controller", "dimm", "label", "location"),
            only="prometheus",
        ),
        facts(
            "Versions",
            "Versions of lagent and of its Python.",
            "fructosa_build_info",
            *("version", "python"),
        ),
    ),
    folded_in=FOLDED,
)
