-- Purpose: between which versions of the members that a batch has changed facts may have to move: from any
-- version of a member to another one, on the days on which that one is valid. Grain: pair of versions; none
-- where no changed member has two. :batch_key NULL is all members; :stale are versions valid on no day.
-- Can run twice: the table is dropped at the end.
CREATE TEMPORARY TABLE moved_version ON COMMIT DROP AS
SELECT
    f.project_key AS from_key,
    t.project_key AS to_key,
    t.valid_from,
    coalesce(t.valid_to, 'infinity') AS valid_to
FROM dw.dim_investment_project AS f
INNER JOIN dw.dim_investment_project AS t
    ON f.project_code = t.project_code AND f.project_key <> t.project_key
WHERE
    f.project_key > 0
    AND t.project_key <> all(cast(:stale AS integer[]))
    AND (
        cast(:batch_key AS integer) IS NULL
        OR f.project_code IN (
            SELECT c.project_code
            FROM dw.dim_investment_project AS c
            WHERE c.batch_key = cast(:batch_key AS integer)
        )
    );
