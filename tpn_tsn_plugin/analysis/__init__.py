"""Experiments and what is read from them."""
