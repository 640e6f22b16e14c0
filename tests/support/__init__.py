"""What the tests stand on: real machines, a running service, and a tenant of their own."""
