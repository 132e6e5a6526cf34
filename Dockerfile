# Airflow's own image with exactly the packages of requirements.lock, and this project.
# Celery, its provider and Redis' client come with the base image.
FROM apache/airflow:3.3.2-python3.11

USER root
RUN install --directory --owner=airflow --group=root --mode=0775 /opt/kho /opt/kho/var
USER airflow
WORKDIR /opt/kho

COPY --chown=airflow:root requirements.lock ./
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.lock

COPY --chown=airflow:root . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --no-index --editable . && pip check

ENV KHO_HOME=/opt/kho/var \
    PYTHONPATH=/opt/kho/plugins \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/kho/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/kho/plugins \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/kho/var/logs/airflow

ENTRYPOINT ["/usr/bin/dumb-init", "--", "/opt/kho/deploy/entrypoint.sh"]
CMD ["version"]
