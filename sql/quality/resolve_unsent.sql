-- Purpose: close the quarantined records without a whole key that their source no longer sends: everything
-- was read again (:comes_whole), and they are not among what fails in it; what fails anew in their stead has
-- taken over the oldest of them (replace_superseded.sql). Of what else a source sends, absence proves
-- nothing: a record that was touched since has left the window of changes that is read again. Neither does a
-- batch of an earlier night, or an empty one.
-- Grain: one event per case. Runs after quarantine_rejected.sql, which marks what was seen again. Can run
-- twice: closed stays closed.
WITH gone AS (
    UPDATE dq.quarantine AS q
    SET status = 'resolved', resolved_at = now(), resolved_batch_id = this.batch_id
    FROM meta.batch AS this, meta.batch AS seen
    WHERE
        :comes_whole
        AND q.dataset = :dataset
        AND q.status <> 'resolved'
        AND q.business_key ~ '(^|[|])([|]|$)'
        AND this.batch_id = :batch_id
        AND this.fetched > 0
        AND seen.batch_id = q.last_seen_batch_id
        AND seen.batch_id <> this.batch_id
        AND seen.as_of <= this.as_of
    RETURNING q.quarantine_id
)

INSERT INTO dq.case_event (quarantine_id, event, happened_on)
SELECT
    quarantine_id,
    'no_longer_sent',
    :as_of
FROM gone;
