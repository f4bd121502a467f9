"""Why a call costs what it costs: every step of its price, as values and in words."""
