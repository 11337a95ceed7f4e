"""How fast the library is, side by side with hand-written code and with peers: `python -m benchmarks`."""
