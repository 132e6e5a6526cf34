"""Files that people send: find them, keep them as they came, test them for danger, read their tables."""
