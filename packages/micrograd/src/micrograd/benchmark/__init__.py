"""Measuring the engine beside the original micrograd, both in the same run."""
