"""Counting of Xids."""


def test_xids_are_counted_by_number(node):
    """From the first reading on; each once, for its GPU."""
    node.gpus[0].xids.append(31)
    node.update_driver()
    assert {("xids_total",): 0} == node.xids(0)

    node.gpus[0].xids += [48, 63, 48]
    node.gpus[1].xids.append(79)
    node.update_driver()

    expected = {
        ("xids_total",): 3,
        ("xid_errors_total", "48"): 2,
        ("xid_errors_total", "63"): 1,
        ("last_xid",): 48,
    }
    assert expected == node.xids(0)
    assert expected == node.xids(0)
    assert {("xids_total",): 1, ("xid_errors_total", "79"): 1, ("last_xid",): 79} == node.xids(1)


def test_no_xid_is_lost_when_the_library_is_reopened(node):
    """Earlier ones are counted before it is closed; later ones are collected after it is opened."""
    node.values("GPUErrors")
    node.gpus[0].xids.append(48)
    node.gpus[2].loses_contact()
    node.update_driver()
    node.up()
    node.advance()
    node.up()
    node.gpus[0].xids.append(94)
    node.update_driver()

    assert 2 == node.xids(0)["xids_total",]
    assert 94 == node.xids(0)["last_xid",]


def test_events_that_can_not_be_read_now_are_read_later(node):
    """As while a GPU of the set is lost."""
    node.values("GPUErrors")
    node.gpus[0].xids.append(48)
    node.update_driver(fails={"nvmlEventSetWait_v2": 15})
    assert {("xids_total",): 0} == node.xids(0)
    assert ("ecc_enabled",) in node.values_of(0, "GPUErrors")

    node.update_driver(fails={})

    assert 1 == node.xids(0)["xids_total",]
