"""Random tariffs, calls and accounts: one description of each, drawn by Hypothesis or by a seed."""
