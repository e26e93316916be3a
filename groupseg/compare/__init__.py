"""Two revisions of the project against each other: which strategies became better, and which only look so."""
