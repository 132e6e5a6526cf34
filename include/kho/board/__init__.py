"""The quality board: what people see of the warehouse's quality in a browser.

In: the warehouse. Out: frozen records (`tonight`, `scores`, `cases`, `rules`) and, of these, pages
(`pages`). Nothing here knows who asks; the plugin that serves the pages does. No value of a record is read
but through the masked view.
"""
