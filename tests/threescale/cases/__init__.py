"""Cases of our own, in the format of the published ones, one module for each part of the contract."""
