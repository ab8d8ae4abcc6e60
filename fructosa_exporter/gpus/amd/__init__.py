"""AMD's GPUs, through AMD SMI."""
