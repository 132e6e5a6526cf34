"""Values unlike those of comparable nights: measured, found, judged by people, and learnt from."""

from kho.anomalies.cases import Anomaly, judge, list_anomalies, show
from kho.anomalies.detect import find_anomalies
from kho.anomalies.profile import profile_batch

__all__ = ["Anomaly", "find_anomalies", "judge", "list_anomalies", "profile_batch", "show"]
