"""The user's own data: files of firms and ties, and the import of lists and networks."""
