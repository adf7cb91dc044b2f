"""The first portion."""
