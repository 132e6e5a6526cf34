-- Purpose: rules, batches and cases that a word names; by id, or by a part of a rule's id or title.
-- Records are not searched. Grain: one row per hit, at most 30 rules. It only reads.
SELECT
    'case' AS kind,
    'cases' AS page,
    NULL AS dataset,
    q.quarantine_id::text AS id,
    q.quarantine_id::text AS title
FROM dq.quarantine AS q
WHERE q.quarantine_id = cast(:number AS bigint)
UNION ALL
SELECT
    'batch',
    'batches',
    NULL,
    b.batch_id,
    b.batch_id
FROM meta.batch AS b
WHERE b.batch_id = :word
UNION ALL
(
    SELECT
        'rule',
        'rules',
        r.dataset,
        r.rule_id,
        r.title_vi
    FROM dq.rule AS r
    WHERE strpos(lower(r.rule_id), lower(:word)) > 0 OR strpos(lower(r.title_vi), lower(:word)) > 0
    ORDER BY r.dataset, r.rule_id
    LIMIT 30
);
