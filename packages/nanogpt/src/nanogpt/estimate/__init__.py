"""What a model costs before anything runs: parameters, arithmetic, memory and time. Torch-free."""
