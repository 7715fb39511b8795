"""What faults cost: the service under an open-loop load while providers, Redis and the database fail."""
