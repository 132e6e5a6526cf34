-- Purpose: what was found of an agency's rows stands until another batch has rows of that agency, for a year
-- at most: a night on which an agency sends nothing, or a batch without rows, says nothing about its rows.

ALTER TABLE dq.rule_result ADD COLUMN of_dataset boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN dq.rule_result.of_dataset IS
'The rule judges the dataset as a whole and not its rows: each batch is asked, also one without rows.';

-- Such rules have one result in a batch, of no agency.
UPDATE dq.rule_result AS t
SET of_dataset = TRUE
FROM (
    SELECT
        dataset,
        rule_id
    FROM dq.rule_result
    GROUP BY dataset, rule_id
    HAVING bool_and(agency_code = '' AND evaluated = 1)
) AS w
WHERE t.dataset = w.dataset AND t.rule_id = w.rule_id AND t.agency_code = '';

-- The results of one agency in a batch, without reading those of all others.
CREATE INDEX rule_result_of_agency ON dq.rule_result (batch_id, agency_code);

CREATE TABLE dq.judged_agency (
    dataset text NOT NULL,
    agency_code text NOT NULL,
    as_of date NOT NULL,
    batch_id text NOT NULL REFERENCES meta.batch (batch_id),
    PRIMARY KEY (batch_id, agency_code)
);
CREATE INDEX judged_agency_by_night ON dq.judged_agency (dataset, agency_code, as_of);
COMMENT ON TABLE dq.judged_agency IS
'Grain: one row per batch and agency of which it judged rows; an empty agency: rows that name none. It is kept
with dq.rule_result, which is too large to be asked for the last batch of each agency.';
COMMENT ON COLUMN dq.judged_agency.as_of IS 'The night of the batch.';

INSERT INTO dq.judged_agency (dataset, agency_code, as_of, batch_id)
SELECT DISTINCT
    r.dataset,
    r.agency_code,
    b.as_of,
    r.batch_id
FROM dq.rule_result AS r
INNER JOIN meta.batch AS b ON r.batch_id = b.batch_id
WHERE r.evaluated > 0 AND NOT r.of_dataset;

-- The rows' rules by the last loaded batch that had rows of the agency, those of the dataset as a whole by
-- its last loaded batch, and what was measured that night (or the last night before it). While a batch is
-- being loaded (`this_batch`, on its night), it counts as loaded and speaks first. A night that was judged
-- again is spoken for by its last judgement alone. An agency of which no batch had rows for a year is not
-- spoken of any more, unless the batch that had them is still the last of its dataset.
-- Agencies, and the last batch of each, are jumped to in an index: years of results lie in between.
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
    WHERE r.evaluated > 0 AND NOT r.of_dataset
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
$$;
COMMENT ON FUNCTION dq.evidence_on(date, text, text) IS
'Grain: dataset, agency, rule and fault; judged_on is the night of the batch that last had rows of the agency
(of a rule of the whole dataset: of its last batch), NULL for what was measured.';
COMMENT ON COLUMN dq.score.judged_on IS
'The oldest night whose rows are in it: the last one that had rows of the agency; NULL: no rows, only
measurements.';
