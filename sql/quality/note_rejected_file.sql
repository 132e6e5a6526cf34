-- Purpose: a file that could not be read waits for its sender. Grain: one unsettled row per file and content.
-- Can run twice: a file that waits already is only marked as seen again.
INSERT INTO dq.rejected_file (
    dataset, path, sha256, modified_at, submitter, period, reason, message, sheet, cell, title_vi,
    remedy_vi, batch_id, last_seen_batch_id, first_seen_on, due_on
)
VALUES (
    :dataset,
    :path,
    coalesce(:sha256, ''),
    :modified_at,
    :submitter,
    :period,
    :reason,
    :message,
    :sheet,
    :cell,
    :title,
    :remedy,
    :batch_id,
    :batch_id,
    :as_of,
    :due_on
)
ON CONFLICT (dataset, path, sha256) WHERE status <> 'resolved'
DO UPDATE SET
    reason = excluded.reason,
    message = excluded.message,
    sheet = excluded.sheet,
    cell = excluded.cell,
    title_vi = excluded.title_vi,
    remedy_vi = excluded.remedy_vi,
    last_seen_batch_id = excluded.last_seen_batch_id;
