"""The page: vidnst for people who would rather look than type."""
