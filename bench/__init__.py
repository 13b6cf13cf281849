"""How fast and how small: the service against its peers and against what the machine could do."""
