"""Run the command line with ``python -m micrograd``."""

from micrograd.cli import main

if __name__ == "__main__":
    main()
