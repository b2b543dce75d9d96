"""Run the command line with ``python -m nanogpt``."""

from nanogpt.cli import main

if __name__ == "__main__":
    main()
