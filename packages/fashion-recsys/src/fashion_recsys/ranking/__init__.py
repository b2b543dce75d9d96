"""The ranking stage: features, negative samples, the ranker, and the rules after it."""
