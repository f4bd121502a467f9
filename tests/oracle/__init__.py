"""The product beside its oracle: the same questions to both."""
