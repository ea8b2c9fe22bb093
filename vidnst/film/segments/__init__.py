"""A film's segments: encoded one by one, kept for resume, and joined."""
