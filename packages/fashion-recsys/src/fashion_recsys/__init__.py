"""A multi-stage recommender for fashion: from raw CSV files to a measured ranking."""
