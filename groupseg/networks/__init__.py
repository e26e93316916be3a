"""Networks: how each kind is told, loaded, converted and run."""
