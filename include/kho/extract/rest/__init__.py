"""The LGSP / REST connector.

extract     one night's span of a dataset, landed; `extract_rest` is what the rest of kho calls
window      one window, page by page, resumed where an earlier attempt stopped
paging      what to ask next
client      one polite conversation: retries, pace, renewal of tokens
auth        the four ways of saying who we are; tokens, rate: what all tasks of a machine share
envelope    what a body says of itself; body, xml: how it is opened; faults: what the gateway says instead
attempts    the record of every exchange
sample      one page, nothing landed
"""

from kho.extract.rest.extract import extract_rest
from kho.extract.rest.sample import sample_rest

__all__ = ["extract_rest", "sample_rest"]
