"""Facts recorded from other systems, run against ours."""
