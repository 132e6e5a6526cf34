"""The Airflow side of `kho nightly` and `kho up`: the components, and one night on them.

__main__     the order of things
components   scheduler, api-server and dag-processor as child processes
metadata     Airflow's database: schema, pools, DAGs, leftovers
partition    one night: trigger its DAGs, follow them to the end
messages     what the command line hears of it
"""
