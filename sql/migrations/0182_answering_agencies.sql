-- Purpose: who answers for the cases of each agency on a day: itself, or the one that does its work since it
-- was dissolved; and the scores of an agency end with it.
CREATE FUNCTION dw.agencies_answering(as_of date) RETURNS TABLE (agency_code text, answers_code text)
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE there AS (
        SELECT a.agency_code
        FROM dw.dim_agency AS a
        WHERE
            a.is_current AND NOT a.is_inferred AND a.agency_key > 0
            AND coalesce(a.retired_on, 'infinity') > $1
    ),

    handed_on AS (
        SELECT b.old_agency_code, b.new_agency_code
        FROM dw.bridge_agency_succession AS b
        WHERE b.effective_date <= $1 AND b.new_agency_code <> b.old_agency_code
    ),

    step AS (
        SELECT k.agency_code, k.agency_code AS answers_code, 0 AS steps
        FROM (
            SELECT a.agency_code FROM dw.dim_agency AS a
            WHERE a.is_current AND NOT a.is_inferred AND a.agency_key > 0
            UNION
            SELECT h.old_agency_code FROM handed_on AS h
        ) AS k
        UNION ALL
        SELECT s.agency_code, h.new_agency_code, s.steps + 1
        FROM step AS s
        INNER JOIN handed_on AS h ON s.answers_code = h.old_agency_code
        WHERE s.steps < 10
    )

    SELECT
        s.agency_code,
        CASE WHEN count(DISTINCT t.agency_code) = 1 THEN min(t.agency_code) END
    FROM step AS s
    LEFT JOIN there AS t
        ON
            s.answers_code = t.agency_code
            AND NOT EXISTS (SELECT FROM handed_on AS h WHERE h.old_agency_code = s.answers_code)
    GROUP BY s.agency_code
$$;
COMMENT ON FUNCTION dw.agencies_answering(date) IS
'Grain: agency of the catalogue, or of a succession; answers_code is who answers for its cases on the day:
itself, or its only successor that is there; NULL where there is none, or several. What NULL leaves open is a
matter of the dataset''s owner.';

CREATE OR REPLACE FUNCTION dq.evidence_on(
    as_of date, only_dataset text DEFAULT NULL, this_batch text DEFAULT NULL
)
RETURNS TABLE (
    dataset text, agency_code text, principle text, rule_id text, severity text, fault text,
    evaluated bigint, failed bigint, judged_on date
)
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE last_batch AS MATERIALIZED (
        SELECT DISTINCT ON (b.dataset) b.dataset, b.batch_id, b.as_of
        FROM meta.batch AS b
        WHERE
            b.as_of <= $1 AND (b.replays IS NULL OR b.rejudges_day)
            AND (b.status = 'loaded' OR b.batch_id = $3)
            AND b.dataset = coalesce($2, b.dataset)
        ORDER BY
            b.dataset ASC, b.as_of DESC, (b.batch_id = $3) IS TRUE DESC, b.loaded_at DESC NULLS LAST,
            b.batch_key DESC
    ),

    rejudged AS MATERIALIZED (
        SELECT DISTINCT ON (b.replays) b.replays, b.batch_id
        FROM meta.batch AS b
        WHERE
            b.rejudges_day AND b.as_of <= $1 AND (b.status = 'loaded' OR b.batch_id = $3)
            AND b.dataset = coalesce($2, b.dataset)
        ORDER BY
            b.replays ASC, (b.batch_id = $3) IS TRUE DESC, b.loaded_at DESC NULLS LAST, b.batch_key DESC
    ),

    agency AS (
        SELECT
            l.dataset,
            (SELECT min(j.agency_code) FROM dq.judged_agency AS j WHERE j.dataset = l.dataset) AS agency_code
        FROM last_batch AS l
        UNION ALL
        SELECT
            a.dataset,
            (
                SELECT min(j.agency_code) FROM dq.judged_agency AS j
                WHERE j.dataset = a.dataset AND j.agency_code > a.agency_code
            )
        FROM agency AS a
        WHERE a.agency_code IS NOT NULL
    ),

    standing AS MATERIALIZED (
        SELECT a.dataset, a.agency_code, s.batch_id, s.as_of
        FROM agency AS a
        INNER JOIN last_batch AS l ON a.dataset = l.dataset
        CROSS JOIN LATERAL (
            SELECT j.batch_id, j.as_of
            FROM dq.judged_agency AS j
            INNER JOIN meta.batch AS b ON j.batch_id = b.batch_id
            WHERE
                j.dataset = a.dataset AND j.agency_code = a.agency_code AND j.as_of <= $1
                AND (j.as_of >= $1 - interval '1 year' OR j.batch_id = l.batch_id)
                AND (b.replays IS NULL OR b.rejudges_day)
                AND (b.status = 'loaded' OR b.batch_id = $3)
                AND NOT EXISTS (
                    SELECT FROM rejudged AS r
                    WHERE r.replays = coalesce(b.replays, b.batch_id) AND r.batch_id <> b.batch_id
                )
            ORDER BY
                j.as_of DESC, (b.batch_id = $3) IS TRUE DESC, b.loaded_at DESC NULLS LAST, b.batch_key DESC
            LIMIT 1
        ) AS s
    ),

    retired AS (
        SELECT a.agency_code FROM dw.dim_agency AS a WHERE a.is_current AND a.retired_on <= $1
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
    FROM standing AS s
    INNER JOIN dq.rule_result AS r ON s.batch_id = r.batch_id AND s.agency_code = r.agency_code
    WHERE
        r.evaluated > 0 AND NOT r.of_dataset
        AND NOT EXISTS (SELECT FROM retired AS x WHERE x.agency_code = s.agency_code)
    UNION ALL
    SELECT
        r.dataset, r.agency_code, r.principle, r.rule_id, r.severity,
        CASE WHEN r.failed = 0 THEN 'none' ELSE r.fault END, r.evaluated, r.failed, l.as_of
    FROM last_batch AS l
    INNER JOIN dq.rule_result AS r ON l.batch_id = r.batch_id
    WHERE r.agency_code = '' AND r.evaluated > 0 AND r.of_dataset
    UNION ALL
    SELECT
        e.dataset, e.agency_code, e.principle, e.rule_id, e.severity, e.fault, e.evaluated, e.failed, NULL
    FROM dq.evidence AS e
    INNER JOIN measured AS m ON e.dataset = m.dataset AND e.as_of = m.as_of
    WHERE NOT EXISTS (SELECT FROM retired AS x WHERE x.agency_code = e.agency_code)
$$;
COMMENT ON FUNCTION dq.evidence_on(date, text, text) IS
'Grain: dataset, agency, rule and fault; judged_on is the night of the batch that last had rows of the agency
(of a rule of the whole dataset: of its last batch), NULL for what was measured. Nothing stands of an agency from
the night on which the catalogue no longer had it.';

SELECT meta.grant_roles();
