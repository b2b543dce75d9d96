"""Documents from the Python source files of an environment."""
