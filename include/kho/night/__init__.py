"""Nights on a real Airflow, without a person: what `kho nightly`, `kho up` and `kho down` do.

nightly              one night from nothing to the report
standing             Airflow left running with its user interface
airflow_process      the launcher that runs Airflow's components, and what it says
airflow_environment  Airflow's configuration, as environment variables
sources              the sandbox, where no real source is configured
progress             what is known of a night under way
display              the same, to look at
outcome              how the night ended: counts, causes
"""
