"""Values unlike those of comparable nights: measured, found, judged by people, and learnt from."""

from kho.anomalies.cases import Anomaly, judge, list_anomalies, show
from kho.anomalies.detect import find_anomalies
from kho.anomalies.profile import keep_profile, measure_batch

__all__ = ["Anomaly", "find_anomalies", "judge", "keep_profile", "list_anomalies", "measure_batch", "show"]
