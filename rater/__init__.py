"""The domain: tariffs, rating, accounts, charging. Pure: no I/O, no clock, no logging."""
