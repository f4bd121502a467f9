"""The load clients and the benchmark."""
