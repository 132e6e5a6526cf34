-- Purpose: every replay is written down: what, by whom, why, which batches, and what it did to the scores.
-- Grain: one row per replay; one that was killed is unfinished, and the next of the same kind goes on with
-- it.
CREATE TABLE dq.replay (
    replay_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('open_cases', 'day')),
    night date CHECK ((night IS NOT NULL) = (kind = 'day')),
    rule_id text CHECK (rule_id IS NULL OR kind = 'open_cases'),
    started_by text NOT NULL,
    reason text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('done', 'blocked', 'failed')),
    note text,
    batches text[] NOT NULL DEFAULT '{}',
    open_before bigint NOT NULL,
    open_after bigint,
    scores_before jsonb NOT NULL,
    scores_after jsonb,
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX replay_unfinished ON dq.replay (
    dataset, kind, coalesce(night, '-infinity'), coalesce(rule_id, '')
)
WHERE finished_at IS NULL;
COMMENT ON COLUMN dq.replay.scores_before IS
'By principle: rows judged and failed. Of a day: the scores of its night. Of open cases: the results of '
'the nights that their records came from.';
COMMENT ON COLUMN dq.replay.scores_after IS
'Of open cases: the same results, with what the replayed records break now in place of what they broke then.';

ALTER TABLE meta.batch
ADD COLUMN rejudges_day boolean NOT NULL DEFAULT FALSE,
ADD CONSTRAINT batch_rejudges_a_batch CHECK (replays IS NOT NULL OR NOT rejudges_day);
COMMENT ON COLUMN meta.batch.rejudges_day IS
'A replay of all that a night brought: its results stand for its night, unlike those of a few open cases.';

-- As before, but a replayed night speaks for its night.
CREATE OR REPLACE FUNCTION dq.evidence_on(
    as_of date, only_dataset text DEFAULT NULL, this_batch text DEFAULT NULL
)
RETURNS TABLE (
    dataset text, agency_code text, principle text, rule_id text, severity text, fault text,
    evaluated bigint, failed bigint, judged_on date
)
LANGUAGE sql STABLE
AS $$
    WITH standing AS (
        SELECT DISTINCT ON (b.dataset) b.dataset, b.batch_id, b.as_of
        FROM meta.batch AS b
        WHERE
            b.as_of <= $1 AND (b.replays IS NULL OR b.rejudges_day)
            AND (b.status = 'loaded' OR b.batch_id = $3)
            AND b.dataset = coalesce($2, b.dataset)
        ORDER BY
            b.dataset ASC, (b.batch_id = $3) IS TRUE DESC, b.as_of DESC, b.loaded_at DESC NULLS LAST,
            b.batch_key DESC
    ),

    measured AS (
        SELECT e.dataset, max(e.as_of) AS as_of
        FROM dq.evidence AS e
        WHERE e.as_of <= $1 AND e.dataset = coalesce($2, e.dataset)
        GROUP BY e.dataset
    )

    SELECT
        r.dataset, r.agency_code, r.principle, r.rule_id, r.severity,
        CASE WHEN r.failed = 0 THEN 'none' ELSE r.fault END, r.evaluated, r.failed, s.as_of
    FROM dq.rule_result AS r
    INNER JOIN standing AS s ON r.batch_id = s.batch_id
    WHERE r.evaluated > 0
    UNION ALL
    SELECT
        e.dataset, e.agency_code, e.principle, e.rule_id, e.severity, e.fault, e.evaluated, e.failed, NULL
    FROM dq.evidence AS e
    INNER JOIN measured AS m ON e.dataset = m.dataset AND e.as_of = m.as_of
$$;
