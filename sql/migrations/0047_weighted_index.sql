-- Purpose: from evidence to scores: what stands on a day, the weights with their history, the weighted index.

-- All evidence that stands on a day: the rows' rules by the last loaded batch, and what was measured that
-- night (or the last night before it). While a batch is being loaded, it counts as loaded.
CREATE FUNCTION dq.evidence_on(as_of date, only_dataset text DEFAULT NULL, this_batch text DEFAULT NULL)
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
            b.as_of <= $1 AND b.replays IS NULL
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
COMMENT ON FUNCTION dq.evidence_on(date, text, text) IS
'Grain: dataset, agency, rule and fault; judged_on is the night of the batch, NULL for what was measured.';

CREATE TABLE dq.weighting (
    weighting_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    valid_from date NOT NULL,
    sha256 text NOT NULL,
    source_vi text NOT NULL,
    content jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (valid_from, sha256)
);
COMMENT ON TABLE dq.weighting IS
'Grain: version of the weights. The one of a day: the latest valid_from, and of it the last recorded.';

CREATE TABLE dq.quality_index (
    as_of date NOT NULL,
    level text NOT NULL CHECK (level IN (
        'criterion', 'dataset_agency', 'dataset', 'agency', 'province', 'master_key'
    )),
    dataset text NOT NULL DEFAULT '',
    agency_code text NOT NULL DEFAULT '',
    principle text NOT NULL DEFAULT '',
    master_key text NOT NULL DEFAULT '',
    weighting_id integer NOT NULL REFERENCES dq.weighting (weighting_id),
    score numeric(5, 2) NOT NULL CHECK (score BETWEEN 0 AND 100),
    coverage numeric(5, 2) NOT NULL CHECK (coverage BETWEEN 0 AND 100),
    evaluated bigint NOT NULL CHECK (evaluated > 0),
    failed bigint NOT NULL,
    parts integer NOT NULL CHECK (parts > 0),
    PRIMARY KEY (as_of, level, dataset, agency_code, principle, master_key)
);
COMMENT ON TABLE dq.quality_index IS
'Grain: day, level and what the level names. Weighted means: rules in a criterion (a principle of a dataset),
criteria in a dataset (of an agency; or of all, level dataset), datasets in an agency, agencies in the province. An empty agency
is the platform. Rounded down. Without evidence there is no row.';
COMMENT ON COLUMN dq.quality_index.coverage IS 'Share of the weights for which there is evidence.';
COMMENT ON COLUMN dq.quality_index.parts IS 'How many parts the mean is of.';

CREATE VIEW mart.quality_index AS
SELECT
    q.as_of,
    q.level,
    q.dataset,
    q.agency_code,
    a.name_vi AS agency_name,
    q.principle,
    p.title_vi AS principle_title,
    q.master_key,
    q.score,
    q.coverage,
    q.evaluated,
    q.failed,
    w.valid_from AS weights_since,
    w.source_vi AS weights_source
FROM dq.quality_index AS q
INNER JOIN dq.weighting AS w ON q.weighting_id = w.weighting_id
LEFT JOIN dq.principle AS p ON q.principle = p.principle
LEFT JOIN dw.dim_agency AS a ON q.agency_code = a.agency_code AND a.is_current;
COMMENT ON VIEW mart.quality_index IS
'Grain: day, level and what the level names; the weighted index with its coverage.';

-- The same fact twice: what one source says, what another says or the rows add up to.
CREATE TABLE dq.agreement (
    as_of date NOT NULL,
    pair_id text NOT NULL,
    dataset text NOT NULL,
    agency_code text NOT NULL,
    period_code text NOT NULL,
    subject text NOT NULL,
    said numeric NOT NULL,
    other numeric NOT NULL,
    agrees boolean NOT NULL,
    PRIMARY KEY (as_of, pair_id, agency_code, period_code, subject)
);
COMMENT ON TABLE dq.agreement IS
'Grain: night, pair, agency, period, subject (commune, indicator): both values of a fact. Of the last week.';

CREATE TABLE meta.mart_usage (
    as_of date NOT NULL,
    relation text NOT NULL,
    scans_before bigint NOT NULL,
    scans_after bigint,
    read_by_others boolean NOT NULL,
    PRIMARY KEY (as_of, relation)
);
COMMENT ON TABLE meta.mart_usage IS
'Grain: night and materialised mart: how often PostgreSQL had read it before the night and after the report.
What was added between two nights is somebody else''s reading.';
