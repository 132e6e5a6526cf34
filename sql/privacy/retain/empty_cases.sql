-- Purpose: cases that were closed before a day keep everything but their record. Can run twice.
UPDATE dq.quarantine
SET raw = '{}'
WHERE dataset = :dataset AND status = 'resolved' AND resolved_at < :older_than AND raw <> '{}';
