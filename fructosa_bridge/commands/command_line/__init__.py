"""The command line: the arguments of all commands, and what several of them read."""
