"""Files of call records: read, rated and written."""
