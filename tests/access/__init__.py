"""Who gets in, how far, and what those outside can learn."""
