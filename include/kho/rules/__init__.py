"""Rules: what a dataset's suite demands, and which rows break it.

Great Expectations owns every rule; nothing here decides a second time what a rule means.
`suite` reads the rules, `labelling` finds the rows that break them in one statement,
`dataset_checks` judges the table as a whole, `validate` ties them together.
"""
