"""Strategies that have a part of their own in results and reports, by name."""

# What strategies are compared with: one calibrated threshold on the score of the constants.
REFERENCE = "global"
# The label oracle among the strategies of a table or a file of labels.
LABEL_ORACLE = "oracle.label"
