"""Clients that others wrote: the page's snippet, Go's net/rpc, the exchanges of 2012; over real sockets."""
