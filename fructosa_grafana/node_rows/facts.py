"""Info metrics, as tables."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import facts_table

FACTS = Row(
    "Facts",
    (
        facts_table(
            "Kernel",
            "The kernel, and the node's own host name.",
            "fructosa_os_info",
            *("system", "release", "version", "machine", "node_name"),
        ),
        facts_table(
            "Distribution",
            "The Linux distribution of the node.",
            "fructosa_os_release_info",
            *("id", "version_id", "name", "pretty_name"),
        ),
        facts_table(
            "Interfaces",
            "Duplex mode and flags of interfaces.",
            "fructosa_network_interface_info",
            *("interface", "duplex", "flags"),
            only_for="prometheus",
        ),
        facts_table(
            "Addresses",
            "Addresses of interfaces.",
            "fructosa_network_address_info",
            *("interface", "family", "address", "netmask", "broadcast", "peer"),
            only_for="prometheus",
        ),
        facts_table(
            "Partitions",
            "Mounted partitions.",
            "fructosa_disk_partition_info",
            *("device", "mountpoint", "fstype", "options"),
        ),
        facts_table(
            "Ports",
            "Ports of InfiniBand, Omni-Path and RoCE adapters.",
            "fructosa_infiniband_port_info",
            *("device", "port", "state", "physical_state", "link_layer"),
        ),
        facts_table(
            "DIMMs",
            "Labels and locations of the DIMMs that are monitored for errors.",
            "fructosa_edac_dimm_info",
            *("controller", "dimm", "label", "location"),
            only_for="prometheus",
        ),
        facts_table(
            "Versions",
            "Versions of lagent and its Python.",
            "fructosa_build_info",
            *("version", "python"),
        ),
    ),
    collapsed_in=COLLAPSED,
)
