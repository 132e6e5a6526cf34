"""Indicators that are computed from the facts, and how far they are from their targets."""
