"""Authoring: from a sample of a source to its contract, suite, SQL and tests, each proposal explained."""
