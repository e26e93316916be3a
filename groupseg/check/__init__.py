"""What a prepared data set holds, on a page to look at before any number of it is believed."""
