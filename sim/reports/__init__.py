"""Reports: figures, tables and pages."""
