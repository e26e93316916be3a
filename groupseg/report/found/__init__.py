"""What was found, in plain sentences made from the figures, whichever way these turn out."""
