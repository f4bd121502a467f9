"""Whole tariffs by their meaning: what differs between two, what is wrong in one, what a number costs."""
