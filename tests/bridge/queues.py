"""Spools as the engine fills them: each batch is written to the journal once."""

from fructosa_bridge.queue.spool import Spool


def spool_of(journal, *args, **kwargs):
    """Return a spool that reads the *journal*."""
    made = Spool(args[0], journal, *args[1:], **kwargs)
    journal.add(made)
    return made


def queue(*spools_and_batches):
    """Queue the batches for the spools, which come first and share a journal, if they have one."""
    spools = [one for one in spools_and_batches if isinstance(one, Spool)]
    batches = [one for one in spools_and_batches if not isinstance(one, Spool)]
    journal = spools[0].journal
    on_disk = [None] * len(batches) if journal is None else journal.extend(batches)
    for spool in spools:
        spool.extend(batches, on_disk)
