"""How folders of tariffs and accounts are read."""
