"""Stays where it is."""
