"""What can be done to tables in memory, beside reading and writing their items."""
