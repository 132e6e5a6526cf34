-- Purpose: the facts that are told twice, and how many differ on the night of :as_of. Grain: pair.
-- Can run twice: it only reads.
SELECT
    a.pair_id,
    a.dataset,
    coalesce(r.title_vi, a.pair_id) AS title_vi,
    coalesce(r.remedy_vi, '') AS remedy_vi,
    count(*) AS compared,
    count(*) FILTER (WHERE NOT a.agrees) AS differ
FROM dq.agreement AS a
LEFT JOIN dq.rule AS r ON a.dataset = r.dataset AND a.pair_id = r.rule_id
WHERE a.as_of = :as_of
GROUP BY a.pair_id, a.dataset, r.title_vi, r.remedy_vi
ORDER BY differ DESC, a.pair_id ASC;
