"""Makes tariff folders of the price lists that carriers send: rate decks, as CSV or as a sheet of Excel."""
