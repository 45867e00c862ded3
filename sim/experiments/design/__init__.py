"""What is run: a study, its factors and levels, and the points of its space."""
