"""Personal data: the keys of pseudonyms, outside the database."""
