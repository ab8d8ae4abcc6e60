"""States of nodes in Slurm, for panels and alerts that must count the same nodes."""

from fructosa_service.device_names import NamePattern


def one_of(*names: str) -> NamePattern:
    """Return the pattern of exactly these names."""
    return NamePattern(f"{{{','.join(names)}}}", "|".join(names))


# Nodes that take no new jobs although they should.
OUT_OF_SERVICE = one_of("draining", "drained", "down", "not_responding", "invalid")
