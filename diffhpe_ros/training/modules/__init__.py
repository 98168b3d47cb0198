"""What is trained: Lightning modules and their losses."""
