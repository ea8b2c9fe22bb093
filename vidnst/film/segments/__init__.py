"""A film in pieces that are finished one by one, kept and joined."""
