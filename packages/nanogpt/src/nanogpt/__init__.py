"""GPT-2 from scratch in PyTorch: tokenize, train, resume and sample."""
