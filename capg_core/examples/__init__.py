"""Towers of one's own, in other frameworks: each is a file to copy from."""
