-- Purpose: let one transaction use both cores. The planner takes a mask of a dozen rules to be rare
-- and cheap, and so thinks a parallel plan too dear.
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL min_parallel_table_scan_size = '64MB';
SET LOCAL work_mem = '256MB';
-- Left to itself it takes rejected rows out of a batch by a hash of the whole batch, not of the few rows.
SET LOCAL enable_parallel_hash = off;
-- What is written goes to disk as it is written: the commit does not wait for all of it.
SET LOCAL backend_flush_after = '2MB';
