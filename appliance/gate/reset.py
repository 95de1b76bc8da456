def wake(flows):
    pass
