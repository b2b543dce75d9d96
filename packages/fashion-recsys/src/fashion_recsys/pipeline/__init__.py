"""A run as a graph of stages: each in its own process, each output whole or absent."""
