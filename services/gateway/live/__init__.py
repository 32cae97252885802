"""Server-sent events: a person's notices as they appear."""
