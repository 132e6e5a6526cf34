"""Extractors: fetch records from a source as it gives them, without judging them."""
