"""Files from outside: fetched, verified, and read out of folders and archives. Nothing here knows what is in them."""
