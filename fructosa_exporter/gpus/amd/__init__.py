"""AMD's GPUs, by way of AMD SMI."""
