"""The nodes' parameters: tables with types and ranges, and how they are declared and changed."""
