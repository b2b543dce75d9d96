"""Known models with their recipes, one TOML file each, in the form that ``--config`` reads."""
