"""A user's project lies here; it is no part of this repository's tests, and is run by one of them."""

collect_ignore = ["warehouse"]
