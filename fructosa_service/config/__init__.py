"""INI files into frozen settings, and what is generated from their declarations."""
