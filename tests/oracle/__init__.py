"""A second, independent reading of the rules: slow, plain, exact; the product is compared with it."""
