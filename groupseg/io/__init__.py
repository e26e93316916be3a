"""Reading and writing: whole files or none, YAML, arrays with a description."""
