"""Figures, HTML page and README table, all made from what lies in results/."""
