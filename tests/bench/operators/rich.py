"""In front of the `rich` of a tool of developers: structlog loads it where it is, and operators have none."""

raise ImportError("operators have no tools of developers")
