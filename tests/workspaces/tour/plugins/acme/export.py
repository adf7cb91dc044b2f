"""The second portion."""
