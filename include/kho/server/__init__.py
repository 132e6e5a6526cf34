"""The database server: the embedded PostgreSQL, its secrets, and the warehouse in it.

warehouse       URL and engine, wherever the warehouse is
migrations      its schema brought up to date
postgres        start, stop and ask the embedded server
databases       how to open its databases, and how to add one
cluster         its data directory: where it is and how it is made
configuration   its settings, for this machine
processes       which processes use the data directory
account         the user it runs as, and what that user must be able to reach
binaries        PostgreSQL's programs, out of the wheel
secrets         generated passwords and keys
locking         one at a time, across processes
"""
