"""Agency databases: read a table in one consistent, read-only transaction and land it.

landing      one night of one table
queries      what is asked: spans, pieces along the key or by range
session      one transaction on SQL Server, Oracle or SQLite; which session serves which engine
postgresql   one transaction on PostgreSQL, read by COPY
mysql        one transaction on MySQL or MariaDB, read as bytes
arrow        what columns become in the raw zone
rows         rows into the raw zone, hashed
snapshot     what changed in a whole table
sample       a few rows, to look at
failures     what a database's refusal means
urls         connections as SQLAlchemy URLs
"""

from kho.extract.sql.landing import extract_sql
from kho.extract.sql.sample import sample_sql
from kho.extract.sql.urls import source_url

__all__ = ["extract_sql", "sample_sql", "source_url"]
