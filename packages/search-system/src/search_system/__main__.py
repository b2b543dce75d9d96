"""Run the command line with ``python -m search_system``."""

from search_system.cli import main

if __name__ == "__main__":
    main()
