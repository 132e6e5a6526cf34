-- Purpose: the last scores of each dataset are found without reading those of all nights before.
CREATE INDEX score_of_dataset ON dq.score (dataset, as_of);
