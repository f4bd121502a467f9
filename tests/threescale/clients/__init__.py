"""Programs around the public clients, each run by itself."""
