"""INI files parsed into frozen settings, and examples generated from their declarations."""
