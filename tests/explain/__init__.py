"""Why a call costs what it costs."""
