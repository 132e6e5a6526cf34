-- Purpose: the kinds of administrative documents as the reference file has them. Grain: code.
-- Can run twice: equal rows are left alone; a code that has left the file stays, documents may name it.
INSERT INTO dw.dim_document_type AS t (document_type_code, name_vi, source_document)
SELECT u.*
FROM
    unnest(
        cast(:document_type_code AS text[]), cast(:name_vi AS text[]), cast(:source_document AS text[])
    ) AS u
ON CONFLICT (document_type_code) DO UPDATE
    SET
        name_vi = excluded.name_vi,
        source_document = excluded.source_document
    WHERE (t.name_vi, t.source_document) IS DISTINCT FROM (excluded.name_vi, excluded.source_document);
