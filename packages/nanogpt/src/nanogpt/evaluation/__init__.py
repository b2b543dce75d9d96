"""Measure a trained model on a text: loss, and how often it predicts the next token."""
