"""The commands of lmaster, each in a module of its name.

`cli` has the table of commands. `command_line` has their arguments, and the configuration and the
targets that several of them need.
"""
