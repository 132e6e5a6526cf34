-- Purpose: what was erased on whose order. Grain: order. It only reads.
SELECT
    e.erasure_id,
    e.order_reference,
    e.decided_by,
    e.reason,
    e.begun_at,
    e.finished_at,
    coalesce((
        SELECT string_agg(p.place || ' ' || p.items, ', ' ORDER BY p.place)
        FROM (
            SELECT
                w.place,
                sum(w.items) AS items
            FROM meta.erasure_place AS w
            WHERE w.erasure_id = e.erasure_id
            GROUP BY w.place
        ) AS p
    ), '') AS places
FROM meta.erasure AS e
ORDER BY e.erasure_id;
