"""Nearest neighbours by inner product: the index, and the measurement that chooses its kind."""
