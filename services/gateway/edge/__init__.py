"""Who is asking, and what every answer carries."""
