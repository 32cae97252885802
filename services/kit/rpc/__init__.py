"""gRPC as every service speaks it: one server, one kind of channel, the same gates before every RPC."""
