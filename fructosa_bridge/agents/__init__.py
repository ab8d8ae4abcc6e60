"""Start, stop and check lagent on the nodes, over ssh."""
