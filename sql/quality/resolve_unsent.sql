-- Purpose: close the quarantined records without a whole key that their source no longer sends: the place in
-- which they were last seen was read again, and they are not among what fails in it. The whole source is such
-- a place (:comes_whole), and so is a window of changes (:by_window) that lies within this batch's. Of what
-- else a source sends, absence proves nothing. Neither does a batch of an earlier night, or an empty one.
-- Grain: one event per case. Runs after quarantine_rejected.sql, which marks what was seen again. Can run
-- twice: closed stays closed.
WITH gone AS (
    UPDATE dq.quarantine AS q
    SET status = 'resolved', resolved_at = now(), resolved_batch_id = this.batch_id
    FROM meta.batch AS this, meta.batch AS seen
    WHERE
        q.dataset = :dataset
        AND q.status <> 'resolved'
        AND q.business_key ~ '(^|[|])([|]|$)'
        AND this.batch_id = :batch_id
        AND this.fetched > 0
        AND seen.batch_id = q.last_seen_batch_id
        AND seen.batch_id <> this.batch_id
        AND seen.as_of <= this.as_of
        AND (
            :comes_whole
            OR (:by_window AND this.window_from <= seen.window_from AND this.window_to >= seen.window_to)
        )
    RETURNING q.quarantine_id
)

INSERT INTO dq.case_event (quarantine_id, event, happened_on)
SELECT
    quarantine_id,
    'no_longer_sent',
    :as_of
FROM gone;
