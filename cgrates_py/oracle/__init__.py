"""A second, independent reading of the rules of pricing: slow, plain, exact.

It knows the values of a tariff and of an account and nothing else of the product, so that what it computes
is worth comparing. ``verify`` of an explanation asks it, and so do the tests.
"""
