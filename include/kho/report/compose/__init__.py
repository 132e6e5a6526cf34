"""The report's sentences and tables: what `kho.report` read, put into words once for every format.

compose(report) -> Document
"""

from kho.report.compose.whole import compose

__all__ = ["compose"]
