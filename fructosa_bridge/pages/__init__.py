"""The templates, styles and scripts of the status page."""
