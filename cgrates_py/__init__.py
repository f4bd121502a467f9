"""The shell where everything meets: command line, settings, rater process, HTTP, supervisor."""
