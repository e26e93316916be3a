"""From images to the segment table, and the table itself."""
