"""The sections of params.yaml as types; `stages.schema` puts them together."""
