"""Load clients, benchmarks and generators of data: nothing here is needed to serve."""
