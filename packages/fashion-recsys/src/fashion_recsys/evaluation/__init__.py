"""Measure candidate lists against what customers bought next."""
