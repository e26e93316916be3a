"""The commands of `groupseg`: each imports what it needs itself, so that none waits for the libraries of another."""
