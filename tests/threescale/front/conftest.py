"""The HTTP front before a balancer whose answers a test writes."""

from tests.shell.conftest import balancer, http

__all__ = ["balancer", "http"]
