"""Claims of practice as experiments that are registered before their runs."""
