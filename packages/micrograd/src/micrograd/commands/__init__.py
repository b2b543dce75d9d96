"""One module per subcommand: its configuration, and what it does."""
