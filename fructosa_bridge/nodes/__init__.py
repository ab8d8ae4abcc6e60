"""Which nodes: names, node sets, groups, files of them, and Slurm's list."""
