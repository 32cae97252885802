"""One's own account: what opens it, where one is reached, what was done with it, and one's own data."""
