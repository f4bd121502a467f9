"""The wire, without I/O: JSON-RPC, framing, the envelope between balancer and raters, error codes."""
