"""Quality: what becomes of rows that fail, and what the results add up to."""
