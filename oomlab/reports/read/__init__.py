"""Text to report: transport off, lines to fields, fields to one Report per OOM."""
