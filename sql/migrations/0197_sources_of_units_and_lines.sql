-- Purpose: where it is written what an administrative unit is, what became of one, and what a line of the
-- communes' form is; plans, indicators and agencies' successions say so already.
ALTER TABLE dw.dim_administrative_unit ADD COLUMN source_document text, ADD COLUMN source_place text;
COMMENT ON COLUMN dw.dim_administrative_unit.source_document IS
'What was read: the package of units with its version, or the document of a later reorganisation; NULL where
only data has named the unit.';
COMMENT ON COLUMN dw.dim_administrative_unit.source_place IS
'The place in it, and the resolution or decision that it goes back to.';

ALTER TABLE dw.bridge_administrative_unit_succession
ADD COLUMN source_document text,
ADD COLUMN source_place text;
COMMENT ON COLUMN dw.bridge_administrative_unit_succession.source_document IS
'What was read: the package of units with its version, or the document of a later reorganisation; in words
where no document says it (is_derived).';
COMMENT ON COLUMN dw.bridge_administrative_unit_succession.source_place IS
'The place in it, and the resolution that it goes back to.';

ALTER TABLE dw.dim_commune_form_line ADD COLUMN source_document text, ADD COLUMN source_place text;
