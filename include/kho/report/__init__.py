"""The secretariat's report on the quality of the data.

In: what a night left in `meta`, `dq` and `mart`. Out: one self-contained HTML file.

    write_quality_report(engine, as_of, settings) -> path
"""

from kho.report.quality_report import write_quality_report

__all__ = ["write_quality_report"]
