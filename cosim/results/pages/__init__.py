"""Pages that need no server and no network, and the figures on them as images."""
