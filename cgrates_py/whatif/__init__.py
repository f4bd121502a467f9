"""What a month of calls would bring by another tariff: both prices of every call, and their sums."""
