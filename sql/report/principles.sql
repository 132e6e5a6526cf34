-- Purpose: the eight principles in their order. Can run twice: it only reads.
SELECT
    principle,
    title_vi
FROM dq.principle
ORDER BY position;
