"""The explorer: a page on which one moves a threshold and sees what becomes of pictures and figures."""
