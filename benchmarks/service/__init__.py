"""A stub of the service, in a process of its own: canned answers, as cheap as Python gives them."""
