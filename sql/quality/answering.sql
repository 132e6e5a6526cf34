-- Purpose: who answers for the matters of each agency on the night of :as_of. Grain: agency. It only reads.
SELECT
    agency_code,
    answers_code
FROM dw.agencies_answering(:as_of);
