"""Conform: from values as the source wrote them to the contract's types, without guessing."""
