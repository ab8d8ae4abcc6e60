"""Which new series of a node are stored: nobody can fill the disk of a store with names."""
