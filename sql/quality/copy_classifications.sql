-- Purpose: a copy of what the contracts call personal, for the masked views. Inputs: the columns of the
-- datasets that :datasets names; :all_of_them: these are all there are. Grain: dataset and field. Can run
-- twice: equal rows are left alone.
DELETE FROM meta.column_classification AS c
WHERE
    (:all_of_them OR c.dataset = any(cast(:datasets AS text[])))
    AND NOT EXISTS (
        SELECT FROM unnest(cast(:of_dataset AS text[]), cast(:source_names AS text[])) AS u (slug, field)
        WHERE u.slug = c.dataset AND u.field = c.source_name
    );

INSERT INTO meta.column_classification AS c (
    dataset, source_name, title_vi, classification, is_key, position
)
SELECT u.*
FROM
    unnest(
        cast(:of_dataset AS text[]),
        cast(:source_names AS text[]),
        cast(:titles AS text[]),
        cast(:classifications AS text[]),
        cast(:keys AS boolean[]),
        cast(:positions AS integer[])
    ) AS u
ON CONFLICT (dataset, source_name) DO UPDATE
    SET
        title_vi = excluded.title_vi,
        classification = excluded.classification,
        is_key = excluded.is_key,
        position = excluded.position
    WHERE
    (c.title_vi, c.classification, c.is_key, c.position)
    IS DISTINCT FROM (excluded.title_vi, excluded.classification, excluded.is_key, excluded.position);
