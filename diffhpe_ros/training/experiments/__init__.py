"""`diffhpe reproduce`: the models, measurements, tables and figures of the experiments."""
