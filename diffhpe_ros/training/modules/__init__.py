"""Lightning modules and their losses."""
