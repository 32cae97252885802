"""Events between services: out of the transaction, over JetStream, into another service's transaction.

The database is the record, the broker only carries: wiping the broker loses nothing. `Relay` publishes what
transactions left in the outbox, and again when the broker lost it; `Consumer` gives each event its effect
exactly once; `Live` hands events on to whoever listens right now; `Bus` is the connection they share.

Each is imported from its own module: who only listens has no database, and is spared 24 MiB of SQLAlchemy.
"""
