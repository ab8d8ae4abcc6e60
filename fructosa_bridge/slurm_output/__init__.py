"""What Slurm's commands print, as records: parsers that know neither clock nor process."""
