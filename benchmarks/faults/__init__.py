"""Known faults, each with the required behaviour of the product; `make bench-faults` runs all of them."""
