"""From Kaggle's three CSV files to a validated data set in Parquet."""
