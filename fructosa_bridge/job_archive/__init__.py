"""The archive of jobs on disk: written by one lmaster, read also while it is down."""
