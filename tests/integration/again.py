"""A second warehouse out of the first one's raw zone.

In: a warehouse with loaded batches. Out: another one, into which these batches were loaded a dataset at a
time, so that facts meet dimensions with their whole history.
"""

from __future__ import annotations

import shutil

from kho import pipeline
from kho.pipeline import Context
from kho.pipeline.batches import enter_batch, read_batch
from kho.pipeline.rebuilds import datasets_loaded
from kho.sql_files import run_file


def load_again(first: Context, second: Context) -> int:
    """Load every batch that `first` has loaded into `second`, which is empty; how many there were."""
    if first.settings.secrets_file.is_file():
        # The same persons have to get the same pseudonyms.
        shutil.copy(first.settings.secrets_file, second.settings.secrets_file)
    second.settings.raw_zone.symlink_to(first.settings.raw_zone)
    count = 0
    for dataset in datasets_loaded(first):
        with first.engine.connect() as db:
            batches = run_file(db, "rebuild/loaded_batches.sql", dataset=dataset).all()
        for batch in batches:
            enter_batch(read_batch(batch.batch_id, second)[0], second)
            for step in (pipeline.stage, pipeline.validate, pipeline.load):
                step(batch.batch_id, second)
            count += 1
    return count
