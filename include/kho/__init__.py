"""The warehouse ("kho"): everything that is not Airflow."""
