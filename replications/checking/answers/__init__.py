"""What is computed again of what R prints after a fit: one module a kind of table."""
