"""The contenders that talk to the service, one module each, and what they have in common."""
