"""The commands of lmaster, each in a module of its name.

`cli` has the table of commands. Besides them there are `arguments`, the command line, and
`load_config`, the configuration and the targets that several commands need.
"""
