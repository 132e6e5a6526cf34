"""One document, four formats: each module turns a `Document` into bytes and knows nothing of the data."""
