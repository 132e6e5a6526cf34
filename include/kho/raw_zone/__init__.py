"""The raw zone: what was received, as it was received, immutable and with its checksums."""

from kho.raw_zone.manifest import Manifest, read_manifest

__all__ = ["Manifest", "read_manifest"]
