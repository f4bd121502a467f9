"""Usage that services push or meters collect, as records: rated by dated prices, charged, reported. Pure."""
