"""Stage: a landed batch conformed, corrected and copied into its staging table, and judged on the way.

stage       a batch from its record files into its staging table; `stage_batch` is what the rest of kho calls
table       the staging table and those beside it
verdicts    what DuckDB says of the rows while they stream past
repeats     records with the same key: which of them is to be loaded
settle      the last transaction: repeats marked and set apart, the table declared complete
"""

from kho.stage.stage import JUDGED_ON_THE_WAY, Staged, stage_batch
from kho.stage.table import StageTable, drop_staging, stage_table

__all__ = ["JUDGED_ON_THE_WAY", "StageTable", "Staged", "drop_staging", "stage_batch", "stage_table"]
