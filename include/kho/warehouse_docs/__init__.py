"""The warehouse's documentation, made from what the database, the contracts and the SQL say themselves."""
