"""A warehouse: articles on shelves, and orders that reserve them."""
