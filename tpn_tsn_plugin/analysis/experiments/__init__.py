"""Experiments: configs trained and tested through mim, and their comparison."""
