"""Saved predictions of several streams, read, joined by identity and compared."""
