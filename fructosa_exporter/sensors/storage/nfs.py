"""NFS, seen from this node as a client."""

from collections.abc import Iterator, Sequence

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, counter
from fructosa_exporter.sensor import Sensor

_FILE = "/proc/net/rpc/nfs"

# SIM905: as lists, these would take a line for each name.
# The kernel prints counts without names. The names of version 3 are the procedures of RFC 1813.
_VERSION_3 = (  # noqa: SIM905
    "null getattr setattr lookup access readlink read write create mkdir symlink mknod remove"
    " rmdir rename link readdir readdirplus fsstat fsinfo pathconf commit"
).split()
# The names of version 4 are those of the client: NFSPROC4_CLNT_* of include/linux/nfs4.h. These
# have had the same position in all kernels since 3.13, whose last one is destroy_clientid.
_VERSION_4 = (  # noqa: SIM905
    "null read write commit open open_confirm open_noattr open_downgrade close setattr fsinfo"
    " renew setclientid setclientid_confirm lock lockt locku access getattr lookup lookup_root"
    " remove rename link symlink create pathconf statfs readlink readdir server_caps delegreturn"
    " getacl setacl fs_locations release_lockowner secinfo fsid_present exchange_id"
    " create_session destroy_session sequence get_lease_time reclaim_complete layoutget"
    " getdeviceinfo layoutcommit layoutreturn secinfo_no_name test_stateid free_stateid"
    " getdevicelist bind_conn_to_session destroy_clientid seek allocate deallocate"
).split()
_COUNT_3_13 = 54
# Some later ones were inserted between others: lookupp first, then offload_cancel before it, and
# zero_range (in 6.16) before all of them. The number of operations shows which are there.
_LATER_4 = (  # noqa: SIM905
    "layoutstats clone copy offload_cancel lookupp layouterror copy_notify getxattr setxattr"
    " listxattrs removexattr read_plus offload_status"
).split()
_COUNT_4_14 = 61
_COUNT_6_15 = 70
_COUNT_6_16 = 71


class NFSClient(Sensor):
    """Calls of this node to NFS servers, their retransmissions, and calls by operation.

    Source: /proc/net/rpc/nfs, which exists while the kernel's NFS client is loaded. It has the
    sums of all mounts. Reading it does not access them: a server that is down does not block the
    sensor. The counts wrap at 2**32.

    Operations that have never been called are absent, because they would add dozens of series
    to each node. Those of a kernel newer than the names that lagent knows are summed up as other.
    """

    CALLS = counter("fructosa_nfs_client_rpc_calls_total", "RPC calls to NFS servers.")
    RETRANSMISSIONS = counter(
        "fructosa_nfs_client_rpc_retransmissions_total",
        "RPC calls that were retransmitted because the server did not respond.",
    )
    REFRESHES = counter(
        "fructosa_nfs_client_rpc_authentication_refreshes_total",
        "RPC calls for which credentials were refreshed.",
    )
    OPERATIONS = counter(
        "fructosa_nfs_client_operations_total",
        "Calls of the operation by NFS version.",
        "version",
        "operation",
    )

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        try:
            lines = list(self.read.lines(_FILE))
        except FileNotFoundError:
            raise SensorUnavailable("the kernel's NFS client is not loaded") from None
        for subject, *words in lines:
            if subject == "rpc":
                yield from self._calls(words)
            elif subject == "proc3":
                yield from self._operations("3", _VERSION_3, words[1:])
            elif subject == "proc4":
                yield from self._operations("4", version_4_names(words[0:1]), words[1:])

    def _calls(self, words: Sequence[str]) -> Iterator[Sample]:
        metrics = (self.CALLS, self.RETRANSMISSIONS, self.REFRESHES)
        for metric, word in zip(metrics, words, strict=False):
            if (count := _count(word)) is not None:
                yield metric.sample(count)

    def _operations(
        self, version: str, names: Sequence[str], words: Sequence[str]
    ) -> Iterator[Sample]:
        counts = [_count(word) or 0 for word in words]
        for name, count in zip(names, counts, strict=False):
            if count:
                yield self.OPERATIONS.sample(count, version, name)
        if others := sum(counts[len(names) :]):
            yield self.OPERATIONS.sample(others, version, "other")


def version_4_names(number: Sequence[str]) -> list[str]:
    """Return the operations in the order of a kernel that has this *number* of them.

    If the order is not known, return only those at the beginning, whose position is known.
    """
    count = (_count(number[0]) if number else None) or 0
    if count < _COUNT_3_13:  # fsid_present was inserted in 3.13
        return _VERSION_4[: _VERSION_4.index("fsid_present")]
    if count == _COUNT_4_14:
        return [*_VERSION_4, "layoutstats", "clone", "copy", "lookupp"]
    if count <= _COUNT_6_15:
        return _VERSION_4 + _LATER_4
    if count == _COUNT_6_16:
        return [*_VERSION_4, "zero_range", *_LATER_4]
    return _VERSION_4


def _count(word: str) -> int | None:
    # The kernel's counts have 32 bits: more than 20 digits are not a valid count.
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= 20 else None
