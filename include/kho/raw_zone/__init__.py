"""The raw zone: what was received, as it was received, with its checksums; only erasure and retention (see
`kho.privacy`) ever change it."""

from kho.raw_zone.manifest import Manifest, read_manifest

__all__ = ["Manifest", "read_manifest"]
