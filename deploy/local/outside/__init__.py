"""Stand-ins for the world that messages are sent to: a mail server and an SMS provider, and their page."""
