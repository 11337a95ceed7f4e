"""Tools for the terminal; what they need beside the library is imported with the module that needs it."""
