"""Optimise a model on a corpus, so that it can be stopped and resumed without a trace."""
