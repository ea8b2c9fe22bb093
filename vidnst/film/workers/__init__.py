"""Where segments are painted: in this process, in local worker processes, or on a cluster."""
