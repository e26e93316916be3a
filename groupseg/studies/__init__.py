"""What the calibrated strategies depend on: number of images, data set, vocabulary. Arithmetic on segment tables."""
