"""Who paints the pieces: this process, others of this machine, or a cluster."""
