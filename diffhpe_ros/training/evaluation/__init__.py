"""`diffhpe evaluate`: figures, breakdowns, bootstrap intervals, and the data that they need."""
