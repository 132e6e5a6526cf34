-- Purpose: between which versions of the members that a batch has changed facts may have to move: from any
-- version of a member to another one, on the days on which that one is valid. Grain: pair of versions; none
-- where no changed member has two. :batch_key NULL is all members; :stale are versions valid on no day.
-- Can run twice: the table is dropped at the end.
CREATE TEMPORARY TABLE moved_version ON COMMIT DROP AS
SELECT
    f.agency_key AS from_key,
    t.agency_key AS to_key,
    t.valid_from,
    coalesce(t.valid_to, 'infinity') AS valid_to
FROM dw.dim_agency AS f
INNER JOIN dw.dim_agency AS t ON f.agency_code = t.agency_code AND f.agency_key <> t.agency_key
WHERE
    f.agency_key > 0
    AND t.agency_key <> all(cast(:stale AS integer[]))
    AND (
        cast(:batch_key AS integer) IS NULL
        OR f.agency_code IN (
            SELECT c.agency_code FROM dw.dim_agency AS c WHERE c.batch_key = cast(:batch_key AS integer)
        )
    );
