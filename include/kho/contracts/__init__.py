"""Data contracts: ODCS YAML in, typed and frozen `Contract` out."""

from kho.contracts.loader import dataset_names, load_contract, load_contracts
from kho.contracts.model import Column, Contract
from kho.contracts.sources import FilesSource, ReferenceSource, RestSource, SqlSource

__all__ = [
    "Column",
    "Contract",
    "FilesSource",
    "ReferenceSource",
    "RestSource",
    "SqlSource",
    "dataset_names",
    "load_contract",
    "load_contracts",
]
