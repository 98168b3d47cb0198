"""`diffhpe calibrate`: the covariance of the joints, measured on truth."""
