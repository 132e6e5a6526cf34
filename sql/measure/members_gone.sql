-- Purpose: how many facts name an agency or administrative unit that was abolished before the fact's own day
-- and has no version on it: no key can be right for them until their owner names another one.
-- Grain: fact and key of the agency whose facts they are, if any. Can run twice: it only reads.
SELECT
    f.relation,
    f.of_agency_key,
    sum(f.facts)::bigint AS facts
FROM meta.fact_member_day AS f
INNER JOIN dw.dimension_version AS v ON f.dimension = v.relation AND f.member_key = v.member_key
WHERE
    f.member_key > 0
    AND f.day NOT BETWEEN v.valid_from AND coalesce(v.valid_to, 'infinity')
    AND NOT EXISTS (
        SELECT FROM dw.dimension_version AS o
        WHERE
            o.relation = v.relation AND o.member_code = v.member_code
            AND f.day BETWEEN o.valid_from AND coalesce(o.valid_to, 'infinity')
    )
GROUP BY f.relation, f.of_agency_key;
