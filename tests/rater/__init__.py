"""rater."""
