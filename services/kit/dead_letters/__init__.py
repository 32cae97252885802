"""Events that could not be applied: seen, mended and, if they never can be, put aside by an operator.

The consumer writes them (`services.kit.messaging.effects`). Here is what an operator does about them at a
console, beside the running service or without it: everything they need lies in the database, so neither
NATS nor the service is asked. What an applied letter tells others in turn lies in the outbox, and leaves
when the service runs.
"""
