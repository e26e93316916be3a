"""The small network that is trained here, as the segment table and the registry need it; see `groupseg.model`."""
