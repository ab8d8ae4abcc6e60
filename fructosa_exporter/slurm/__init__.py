"""Slurm's jobs on this node: their cgroups, read and watched as an ordinary user."""
