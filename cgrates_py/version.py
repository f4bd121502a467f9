"""The version of the product that runs."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def product_version() -> str:
    """Tell the version installed (``0`` when run from a tree that is not installed)."""
    try:
        return version("cgrates-py")
    except PackageNotFoundError:
        return "0"
