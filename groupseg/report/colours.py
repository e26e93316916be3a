"""The colours of text, in figures and in pictures."""

INK, QUIET = "#1f2328", "#6b7280"
