"""What holds for all tests."""

import gc


def pytest_collection_finish() -> None:
    """Thousands of tests and all libraries stay to the end: leave them out of the search for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
