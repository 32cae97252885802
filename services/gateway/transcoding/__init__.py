"""HTTP ⇄ gRPC, built at start from the contracts."""
