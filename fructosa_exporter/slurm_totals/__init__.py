"""What GPUs and the node have used in all, so that figures of a job need no store."""
