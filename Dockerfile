# Python, exactly the packages of requirements.lock, and this project.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl dumb-init \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 50000 --gid root --home-dir /opt/kho --no-create-home airflow \
    && install --directory --owner=airflow --group=root --mode=0775 /opt/kho /opt/kho/var
WORKDIR /opt/kho

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock

COPY --chown=airflow:root . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --no-index --editable . && pip check
USER airflow

ENV KHO_HOME=/opt/kho/var \
    AIRFLOW_HOME=/opt/kho/var/airflow \
    PYTHONPATH=/opt/kho/plugins \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/kho/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/kho/plugins \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/kho/var/logs/airflow

ENTRYPOINT ["/usr/bin/dumb-init", "--", "/opt/kho/deploy/entrypoint.sh"]
CMD ["version"]
