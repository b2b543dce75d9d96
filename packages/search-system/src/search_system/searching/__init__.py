"""The index as its users see it."""
