"""`lmaster check`."""

import pytest

from fructosa_bridge.cli import main
from fructosa_bridge.config.same_nodes import SAME_ADDRESS


def test_targets_are_counted_by_section(config, capsys):
    """If there are several sections."""
    code = main(["check", "-c", config])

    assert 0 == code
    assert (
        f"{config}: ok, 3 targets: 2 in [nodes:fast], 1 in [nodes:slow]"
        == (capsys.readouterr().out.splitlines()[0])
    )


def test_a_node_that_is_listed_twice_is_a_warning(tmp_path, capsys):
    """The configuration is valid, but the node would be scraped and stored twice."""
    config = tmp_path / "lmaster.conf"
    config.write_text("[nodes:a]\nhosts = localhost, 127.0.0.1\n[Graphite]\nsend = no\n")

    code = main(["check", "-c", str(config)])

    warning = SAME_ADDRESS.format(hosts="127.0.0.1 and localhost", address="127.0.0.1", times=2)
    assert (0, f"warning: {warning}\n") == (code, capsys.readouterr().err)


@pytest.mark.parametrize("key", ["users file", "tls certificate"])
def test_the_files_of_web_are_checked(tmp_path, capsys, key):
    """A missing one is an error."""
    config, missing = tmp_path / "lmaster.conf", tmp_path / "missing"
    keys = {"tls key": missing, key: missing} if key.startswith("tls") else {key: missing}
    lines = "".join(f"{name} = {path}\n" for name, path in keys.items())
    config.write_text(f"[nodes:a]\nhosts = n1\n[web]\n{lines}")

    code = main(["check", "-c", str(config)])

    assert 2 == code
    assert f"{key} {missing}: " in capsys.readouterr().err
