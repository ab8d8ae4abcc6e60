"""The commands of lmaster, each in the module of its name; what several need is beside them.

`cli` has the table of them, `arguments` what they may be told on the command line.
"""
