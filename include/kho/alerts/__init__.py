"""Alerts: who is told what, once, and again when it is over.

config     who, where, when not (`include/alerts.yaml`)
causes     what the warehouse records as wrong (`sql/alerts`, one statement per kind)
book       what was told whom, and is still to be told (`meta.alert`, `meta.alert_notice`)
messages   the sentences (`include/templates/alerts.yaml`)
channels   mail and webhook
outside    failures that the warehouse could not write down (a file)
step       all of it in order; the DAG `alerts` and `kho alerts` call it

No record, no key and no error's text is ever part of a message: counts, days, and names of the catalogue.
"""
