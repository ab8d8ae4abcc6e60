"""An open run as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.job_archive.blobs import decode_run, encode_run
from fructosa_bridge.job_archive.views import details, view
from fructosa_bridge.job_gpus.meters import PartMeter
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.model.errors import ArchiveError

from ..jobs.known_jobs import T0, only, record
from ..jobs.pages import ended, page, running


def run_of_two_nodes():
    """Return a run of which all kinds of things are known."""
    ledger = JobLedger("c1")
    ledger.see_jobs([record(7, nodes="n[1-2]", name="caf\udce9")], T0, {"7": "sEKNKTV3WPV500"})
    gpus = (("GPU-1", 2.0),)
    ledger.see_page("n1", page(running(7, gpus=gpus, own_bytes=5e8, uid=1000.0)), T0 + 60)
    ledger.see_page("n1", page(running(7, 90.0, 80.0, own_bytes=6e8)), T0 + 90)
    ledger.see_page("n2", page(ended(7), sequence=1, instance="b"), T0 + 90)
    meter = only(ledger).parts["n1"].meter = PartMeter()
    meter.gpus, meter.gpu_s, meter.until_s = {"GPU-1": (12.5, None)}, 30.0, T0 + 90.0
    return only(ledger)


def test_a_run_is_decoded_as_it_was_encoded():
    """With its parts, their agents and curves, so that totals go on."""
    run = run_of_two_nodes()
    found = decode_run(encode_run(run))

    assert view(run, T0 + 100)._replace(name="") == view(found, T0 + 100)._replace(name="")
    assert details(run, T0 + 100) == details(found, T0 + 100)
    assert encode_run(run) == encode_run(found)
    assert ("caf?", found) == (found.name, found.parts["n1"].run)


def test_what_its_gpus_were_used_is_in_it():
    """So that it goes on to count after a restart."""
    run = run_of_two_nodes()
    found = decode_run(encode_run(run))

    assert run.parts["n1"].meter.values() == found.parts["n1"].meter.values()
    assert None is found.parts["n2"].meter


@given(st.data())
def test_a_damaged_run_is_an_error_or_a_run(data):
    """Never a failure of another kind."""
    whole = encode_run(run_of_two_nodes())
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + 1 :]
    try:
        decode_run(damaged)
    except ArchiveError:
        return


def test_a_run_of_another_version_is_an_error():
    """A later lmaster wrote it."""
    with pytest.raises(ArchiveError, match="version 9"):
        decode_run(b"[9,[],[],[]]")
