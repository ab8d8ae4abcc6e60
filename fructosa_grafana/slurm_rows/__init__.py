"""Rows of panels on Slurm."""
