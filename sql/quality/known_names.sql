-- Purpose: what a filter may name: the datasets, agencies or rules (:kind) that the warehouse knows, rules of
-- :dataset or of all; and :named itself, if a case that may be seen says it. Grain: name; is_listed where it
-- stands in a list, and not only in data. It only reads.
SELECT
    k.name,
    bool_or(k.is_listed) AS is_listed
FROM (
    SELECT
        b.dataset AS name,
        TRUE AS is_listed
    FROM meta.batch AS b
    WHERE cast(:kind AS text) = 'dataset'
    UNION ALL
    SELECT
        a.agency_code,
        TRUE
    FROM dw.dim_agency AS a
    WHERE cast(:kind AS text) = 'agency' AND a.agency_key > 0
    UNION ALL
    SELECT
        s.agency_code,
        FALSE
    FROM dq.submission AS s
    WHERE cast(:kind AS text) = 'agency' AND s.agency_code = cast(:named AS text)
    UNION ALL
    SELECT
        n.agency_code,
        FALSE
    FROM dq.anomaly AS n
    WHERE cast(:kind AS text) = 'agency' AND n.agency_code = cast(:named AS text)
    UNION ALL
    SELECT
        r.rule_id,
        TRUE
    FROM dq.rule AS r
    WHERE cast(:kind AS text) = 'rule' AND r.dataset = coalesce(cast(:dataset AS text), r.dataset)
    UNION ALL
    SELECT
        cast(:named AS text),
        FALSE
    WHERE EXISTS (
        SELECT FROM dq.quarantine_masked AS q
        WHERE
            (cast(:kind AS text) = 'dataset' AND q.dataset = cast(:named AS text))
            OR (cast(:kind AS text) = 'agency' AND q.agency_code = cast(:named AS text))
            OR (
                cast(:kind AS text) = 'rule'
                AND q.failed_rules @> ARRAY[cast(:named AS text)]
                AND q.dataset = coalesce(cast(:dataset AS text), q.dataset)
            )
    )
) AS k
GROUP BY k.name
ORDER BY k.name;
