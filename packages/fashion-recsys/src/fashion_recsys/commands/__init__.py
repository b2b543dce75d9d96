"""What each subcommand does with its configuration; imported only when it runs."""
