"""Where items live: the adapters of the port, and the rules of the service that they share."""
