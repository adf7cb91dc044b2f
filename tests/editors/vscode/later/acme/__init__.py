"""A package like any other, installed under the name that was a namespace."""
