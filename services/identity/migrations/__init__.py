"""How identity's database came to be, change by change."""
