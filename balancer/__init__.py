"""The balancer: the pool that decides (pure), and around it the listeners for callers and for raters."""
