-- Purpose: the weighted index of a day, from its evidence and one version of the weights.
-- Grain: level and what the level names (see dq.quality_index). Can run twice: it only reads.
-- A mean is over the parts that have evidence; coverage is their share of all weights. Rounded down at the
-- end.
WITH weight AS (
    SELECT content AS w
    FROM dq.weighting
    WHERE weighting_id = :weighting_id
),

evidence AS MATERIALIZED (
    SELECT
        dataset,
        agency_code,
        principle,
        rule_id,
        severity,
        sum(evaluated)::bigint AS evaluated,
        sum(failed)::bigint AS failed
    FROM dq.evidence_on(:as_of)
    GROUP BY dataset, agency_code, principle, rule_id, severity
),

total AS (
    SELECT sum(p.value::numeric) AS principles
    FROM weight, jsonb_each_text(weight.w -> 'principles') AS p
),

-- Both of an agency's rows and of all rows together, which '*' stands for.
rule AS (
    SELECT
        e.dataset,
        a.agency_code,
        e.principle,
        e.rule_id,
        (weight.w -> 'severities' ->> e.severity)::numeric AS weight,
        sum(e.evaluated) AS evaluated,
        sum(e.failed) AS failed
    FROM evidence AS e
    CROSS JOIN weight
    CROSS JOIN LATERAL (VALUES (e.agency_code), ('*')) AS a (agency_code)
    GROUP BY e.dataset, a.agency_code, e.principle, e.rule_id, e.severity, weight.w
),

criterion AS (
    SELECT
        r.dataset,
        r.agency_code,
        r.principle,
        (weight.w -> 'principles' ->> r.principle)::numeric AS weight,
        100 * sum(r.weight * (r.evaluated - r.failed) / r.evaluated) / sum(r.weight) AS score,
        sum(r.evaluated) AS evaluated,
        sum(r.failed) AS failed,
        count(*) AS parts
    FROM rule AS r
    CROSS JOIN weight
    WHERE r.weight > 0
    GROUP BY r.dataset, r.agency_code, r.principle, weight.w
),

of_dataset AS (
    SELECT
        c.dataset,
        c.agency_code,
        coalesce(weight.w -> 'datasets' ->> c.dataset, weight.w -> 'datasets' ->> 'default')::numeric
            AS weight,
        sum(c.weight * c.score) / sum(c.weight) AS score,
        100 * sum(c.weight) / t.principles AS coverage,
        sum(c.evaluated) AS evaluated,
        sum(c.failed) AS failed,
        count(*) AS parts
    FROM criterion AS c
    CROSS JOIN weight
    CROSS JOIN total AS t
    WHERE c.weight > 0
    GROUP BY c.dataset, c.agency_code, weight.w, t.principles
),

of_agency AS (
    SELECT
        d.agency_code,
        coalesce(weight.w -> 'agencies' ->> d.agency_code, weight.w -> 'agencies' ->> 'default')::numeric
            AS weight,
        sum(d.weight * d.score) / sum(d.weight) AS score,
        sum(d.weight * d.coverage) / sum(d.weight) AS coverage,
        sum(d.evaluated) AS evaluated,
        sum(d.failed) AS failed,
        count(*) AS parts
    FROM of_dataset AS d
    CROSS JOIN weight
    WHERE d.weight > 0 AND d.agency_code <> '*'
    GROUP BY d.agency_code, weight.w
),

level AS (
    SELECT
        'criterion' AS level,
        dataset,
        agency_code,
        principle,
        '' AS master_key,
        score,
        100 AS coverage,
        evaluated,
        failed,
        parts
    FROM criterion
    WHERE agency_code <> '*'
    UNION ALL
    SELECT
        CASE agency_code WHEN '*' THEN 'dataset' ELSE 'dataset_agency' END,
        dataset,
        CASE agency_code WHEN '*' THEN '' ELSE agency_code END,
        '',
        '',
        score,
        coverage,
        evaluated,
        failed,
        parts
    FROM of_dataset
    UNION ALL
    SELECT
        'agency',
        '',
        agency_code,
        '',
        '',
        score,
        coverage,
        evaluated,
        failed,
        parts
    FROM of_agency
    UNION ALL
    -- Of the agencies in the catalogue; what is nobody's, or names nobody known, is not the province's.
    SELECT
        'province',
        '',
        '',
        '',
        '',
        sum(g.weight * g.score) / sum(g.weight),
        sum(g.weight * g.coverage) / sum(g.weight),
        sum(g.evaluated),
        sum(g.failed),
        count(*)
    FROM of_agency AS g
    INNER JOIN dw.dim_agency AS a ON g.agency_code = a.agency_code
    WHERE a.is_current AND NOT a.is_inferred AND a.agency_key > 0 AND g.weight > 0
    HAVING count(*) > 0
    UNION ALL
    SELECT
        'master_key',
        '',
        '',
        '',
        k.master_key,
        100.0 * (sum(e.evaluated) - sum(e.failed)) / sum(e.evaluated),
        100,
        sum(e.evaluated),
        sum(e.failed),
        count(DISTINCT e.dataset || '.' || e.rule_id)
    FROM
        unnest(
            cast(:master_keys AS text[]), cast(:key_datasets AS text[]), cast(:key_rules AS text[])
        ) AS k (master_key, dataset, rule_id)
    INNER JOIN evidence AS e ON k.dataset = e.dataset AND k.rule_id = e.rule_id
    GROUP BY k.master_key
)

SELECT
    level,
    dataset,
    agency_code,
    principle,
    master_key,
    (floor(100 * score) / 100)::numeric(5, 2) AS score,
    (floor(100 * coverage) / 100)::numeric(5, 2) AS coverage,
    evaluated::bigint AS evaluated,
    failed::bigint AS failed,
    parts::integer AS parts
FROM level
