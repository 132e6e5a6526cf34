"""Random streams: one per purpose and day, so that no draw depends on what was drawn before.

In:  the sandbox's seed and the parts that name a stream ("dossiers", 20412).
Out: a NumPy generator that is the same on every machine and in every order of use.
"""

import hashlib

import numpy as np


def generator(seed: int, *parts: str | int) -> np.random.Generator:
    """The stream of this seed for the purpose that `parts` name."""
    return np.random.default_rng([seed, fingerprint(*parts)])


def fingerprint(*parts: str | int) -> int:
    """A number of 63 bits that depends on the parts alone."""
    text = "|".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
