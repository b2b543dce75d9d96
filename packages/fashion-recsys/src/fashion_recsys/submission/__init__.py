"""Write and check the file that Kaggle's competition takes."""
