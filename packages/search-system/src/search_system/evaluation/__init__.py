"""Measure rankings against relevance judgments."""
