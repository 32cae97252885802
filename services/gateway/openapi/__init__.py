"""What the API offers, told from the same contracts that the routes are built from."""
