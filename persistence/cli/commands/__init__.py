"""The commands of the command line, one module per group; each is imported when one of its commands runs."""
