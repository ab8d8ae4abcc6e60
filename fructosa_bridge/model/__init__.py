"""The values all rooms share: targets, points, metric selection, errors."""
