"""Records of usage in a rater: the dialects that push and rate them, and the lists that tell them."""
