"""Run the command line with ``python -m fashion_recsys``."""

from fashion_recsys.cli import main

if __name__ == "__main__":
    main()
