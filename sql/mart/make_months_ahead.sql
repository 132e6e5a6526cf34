-- Purpose: the months that the facts will need in the nights to come, so that no load has to make one while
-- people read. Can run twice: a month that is there is left alone.
SELECT dw.make_months_ahead(:as_of, 3) AS months;
