"""What each job used: read from nodes, joined with Slurm, kept for years."""
