"""Images with captions as their publishers lay them out: to train on, without a label."""
